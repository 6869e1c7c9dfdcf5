"""Visits that are booked: which there are, cancelling one, moving one."""
