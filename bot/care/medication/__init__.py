"""Medicine: when she wants to be reminded of it, what she answers, what is left of it; never a dose advice."""
