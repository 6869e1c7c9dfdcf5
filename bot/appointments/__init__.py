"""Booking a visit, and everything that happens to it afterwards."""
