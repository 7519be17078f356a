"""The command line: the same verbs without a notebook."""

from .commands import main

__all__ = ["main"]
