"""Queries and responses of Elasticsearch: everything that knows its JSON, and the one client that sends it."""
