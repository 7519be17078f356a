"""Life in a notebook's kernel: the loop thread, the screen, and the cells that run."""
