"""A benchmark that anyone can run: vodnb beside the official SDK, plain httpx and bare aiohttp."""
