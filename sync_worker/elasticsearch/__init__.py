"""Elasticsearch as a read store: the `DocumentSink` that writes to it, its index generations, and the lease to
write."""
