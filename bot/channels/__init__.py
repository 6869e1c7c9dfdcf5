"""How messages come in and go out: one file a channel behind the `Channel` protocol of `base`."""
