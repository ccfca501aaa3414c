"""Says how often a proof of TRUST.md is repeated: a little in `make test`, as often as its table says in `make soak`.

A test that proves a row of that table carries `@pytest.mark.soak("T3")` and takes its counts from here.
"""

import os

# Set by the Makefile's soak.
IS_SOAK = bool(os.environ.get("SOAK"))


def count(*, short: int, full: int) -> int:
    """Return how often to do a thing in this run."""
    return full if IS_SOAK else short
