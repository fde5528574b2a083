"""The layer graph: shapes, functions, losses."""
