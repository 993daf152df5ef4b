"""The Kafka Connect side of capture: the connector's configuration, its life and its topic."""
