"""The day of the visit: checking in, the line, what the calling system says."""
