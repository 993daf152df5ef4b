"""The spec language: parsing, errors and the JSON Schema."""
