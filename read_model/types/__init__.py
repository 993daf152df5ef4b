"""How values of each PostgreSQL type are stored, shown, ordered and compared."""
