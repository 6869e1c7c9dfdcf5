"""The staff console: who waits, what was said, taking over and giving back."""
