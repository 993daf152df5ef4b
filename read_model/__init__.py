"""The documents' contract: the spec, what it resolves to, and its three compilers. Pure: no I/O, no clock."""
