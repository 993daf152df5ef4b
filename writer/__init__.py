"""The write side: an ordinary order application on PostgreSQL. It knows nothing of who reads its tables."""
