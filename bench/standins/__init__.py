"""Stand-ins for the platforms: they speak their wire formats to our own hooks, on this machine."""
