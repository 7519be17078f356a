"""How files spell a table: bytes, encodings, CSV, JSON lines, workbooks, Parquet."""
