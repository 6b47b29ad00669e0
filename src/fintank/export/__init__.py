"""Ticks, executions and fills as Parquet and CSV files."""
