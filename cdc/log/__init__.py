"""The contract of a pipeline's change log: names, records, transactions, heartbeats and positions. Pure."""
