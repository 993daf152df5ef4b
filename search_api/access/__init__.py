"""Who asks, what they may see, and what it costs them; what the API itself must remember of that."""
