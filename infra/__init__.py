"""How the real servers run: one set of versions and settings, for containers and for the native runner."""
