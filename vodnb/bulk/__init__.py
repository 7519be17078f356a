"""Many calls: runs, surveys and sweeps, each watched and stopped from any thread."""
