"""The write side: an ordinary order application on PostgreSQL. It does not know who reads its tables."""
