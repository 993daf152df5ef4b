"""A spec resolved against one database's catalogue: what all compilers read."""
