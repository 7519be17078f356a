"""One call under the lamp: the exchange, snippets that repeat it, and what is wrong with it."""
