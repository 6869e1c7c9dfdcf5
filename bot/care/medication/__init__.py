"""Medicine: when to be reminded of it, what was answered, what is left of it; never a dose advice."""
