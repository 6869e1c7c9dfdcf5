"""The JSON API for the hospital's own systems: an operator's key, versioned, described by OpenAPI."""
