"""The worker's HTTP endpoint: health, freshness, metrics, and commands for the loop."""
