"""Files and DataFrames: read, build results, write. The only room that knows pandas."""
