"""The text of the search box: scanned, parsed, read as a tree of known fields and checked values."""
