"""Reminders of visits: planned with every step of a visit, told from live state, answered."""
