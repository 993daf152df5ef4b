"""How fresh an answer is, what a reader may ask of that, and how it is waited for."""
