"""Runs the servers of a stack natively: installs, starts, supervises, probes and ends them."""
