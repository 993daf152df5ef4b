"""The search page: server-rendered, with all of its state in the address, and complete without JavaScript."""
