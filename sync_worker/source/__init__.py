"""Watches whether the source is still the database that the rows came from, and reads what its tables look like."""
