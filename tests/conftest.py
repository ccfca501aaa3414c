"""What all tests stand on: their own PostgreSQL, and the watch over the order in which it is locked."""

from hypothesis import settings

pytest_plugins = ["tests.controls", "tests.database", "tests.lock_watch", "tests.sweep_world"]

# The same examples in every run, and no clock: two cores are shared by all.
settings.register_profile("orderly", deadline=None, derandomize=True, database=None)
settings.load_profile("orderly")
