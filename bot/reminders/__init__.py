"""Reminders: planned with what they are about, decided at the second of sending, told once."""
