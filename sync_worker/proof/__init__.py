"""Proves documents against PostgreSQL, repairs them, and explains where each comes from."""
