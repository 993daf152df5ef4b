"""The chaos suite: random load, random faults, and readers who look for what must never be seen."""
