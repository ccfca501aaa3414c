"""What all tests stand on: their own PostgreSQL (tests/database.py)."""

pytest_plugins = ["tests.database"]
