"""Business days and dates."""
