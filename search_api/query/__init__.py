"""What a request means: the fields of an index, parsed search text, and checked filters, sorts and facets. Pure."""
