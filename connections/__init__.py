"""How every program reaches PostgreSQL, Kafka, Kafka Connect, Elasticsearch and the worker: settings, TLS, sign-in,
error classes.

Importing it opens nothing; clients are opened by whoever constructs them.
"""
