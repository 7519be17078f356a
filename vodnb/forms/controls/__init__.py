"""The controls that forms are made of: named, escaped, and quiet about secrets."""
