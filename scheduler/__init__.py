"""When things happen: retries and ticks. Knows nothing of the application."""
