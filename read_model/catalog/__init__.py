"""The source database's tables, columns and keys, as a spec is resolved against them."""
