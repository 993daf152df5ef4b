"""Who may call the API, what they may see and how much they may spend, and the state file that remembers it."""
