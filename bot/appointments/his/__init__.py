"""The hospital's own system: told of every step of an appointment."""
