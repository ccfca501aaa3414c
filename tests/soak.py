"""Says how often a proof of TRUST.md is repeated: a little in `make test`, as often as its table says in `make soak`.

A test that proves a row of that table carries `@pytest.mark.soak("T3")` and takes its counts from here.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# Set by the Makefile's soak.
IS_SOAK = bool(os.environ.get("SOAK"))


def count(*, short: int, full: int) -> int:
    """Return how often to do a thing in this run."""
    return full if IS_SOAK else short


def sample(values: Sequence[T], turn: int) -> Sequence[T]:
    """Return all values in a soak; otherwise every fifth, beginning elsewhere each turn: in five turns each is met."""
    return values if IS_SOAK else values[turn % 5 :: 5]
