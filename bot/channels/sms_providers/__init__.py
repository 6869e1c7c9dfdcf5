"""Who carries our text messages: one file a provider, each SDK imported only in its own."""
