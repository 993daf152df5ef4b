"""The PostgreSQL side of capture: checks of the tables, the connector's role, its grants and the publication."""
