"""The engine of a run: check, look, send, settle what is in doubt, read back."""
