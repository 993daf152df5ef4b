"""The page: server-rendered, all of its state in the address, complete without JavaScript."""
