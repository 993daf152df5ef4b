"""Reads the change log from Kafka, decodes its records, and folds change events into the last state of each row."""
