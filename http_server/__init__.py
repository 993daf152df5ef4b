"""How the search API and the worker serve HTTP: limits of connections, host names, and the client's address."""
