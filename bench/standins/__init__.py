"""Stand-ins for the platforms: they speak the platforms' wire formats to our own hooks, on this machine."""
