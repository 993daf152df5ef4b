"""`rowtide demo`: the whole pipeline, live in the terminal, with an order application as its source."""
