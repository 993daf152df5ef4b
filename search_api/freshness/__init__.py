"""The freshness of a response: what it is, what a request may require, and how the API waits for it."""
