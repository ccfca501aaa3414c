"""On which screens and in which light pages are looked at."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, product
from typing import Any

import pytest

from tests.soak import IS_SOAK

THEMES = ("light", "dark")
PHONE, DESK = 360, 1280


def every_look(*widths: int) -> Callable[[Any], Any]:
    """Try a test of `theme` and `width` at each width, in one theme after the other; in a soak, in both at each."""
    shown = widths or (DESK, PHONE)
    looks = list(product(THEMES, shown) if IS_SOAK else zip(cycle(THEMES), shown, strict=False))

    def mark(test: Any) -> Any:
        return pytest.mark.soak("T28")(pytest.mark.parametrize(("theme", "width"), looks)(test))

    return mark
