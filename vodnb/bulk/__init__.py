"""Many calls: the engine, its job handle, its progress and its loop."""
