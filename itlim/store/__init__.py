"""The DuckDB file: connection, migrations and every query. All SQL is here."""
