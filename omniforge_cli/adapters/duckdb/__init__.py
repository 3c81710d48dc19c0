"""DuckDB: one file that holds conversations, runs and recorded answers."""
