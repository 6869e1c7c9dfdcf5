"""Waiting for a place in a full clinic (候补): in line, offered, taken."""
