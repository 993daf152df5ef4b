"""The HTTP API: routes, their dependencies, RFC 9457 problems, the OpenAPI document and middleware."""
