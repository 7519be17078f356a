"""A VOD of our own, on loopback. Never imports the client: the two cannot share a mistake."""
