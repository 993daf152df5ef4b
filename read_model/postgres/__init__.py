"""Compiles a plan to PostgreSQL: the oracle that documents are verified against. Independent of the SQLite compiler."""
