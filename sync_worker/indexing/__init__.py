"""From pending documents to an index that readers can rely on: bulks, versions, deletes, refreshes, the lease."""
