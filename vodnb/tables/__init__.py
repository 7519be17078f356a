"""Files and DataFrames: read a table, build the results, write them. The only room that knows pandas."""
