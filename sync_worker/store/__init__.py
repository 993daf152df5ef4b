"""The row store: a SQLite file with the source's rows as of one commit, the position of that commit, and the
documents to be built."""
