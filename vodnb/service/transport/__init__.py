"""The way of one request: httpx, and what connects below it."""
