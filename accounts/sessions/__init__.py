"""Sessions: how they are stored, which browser each is, and how they end."""
