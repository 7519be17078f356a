"""What a run wrote down: its journal, who writes it, how it is opened, found and read."""
