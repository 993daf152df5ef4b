"""Whether the source is still the database that the rows came from, and what its tables look like."""
