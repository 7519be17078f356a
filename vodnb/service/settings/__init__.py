"""Where a connection goes, and as whom: found, checked once, and shown."""
