"""The rules of the product in plain Python: no Flask, no SQLAlchemy, no files but its own data."""
