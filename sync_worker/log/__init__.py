"""The change log as Kafka holds it, and its events folded to the last state of each row."""
