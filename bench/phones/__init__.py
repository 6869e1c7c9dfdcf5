"""Three simulated phones on one page: a hospital can try every channel with no account, no internet."""
