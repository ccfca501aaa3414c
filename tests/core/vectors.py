"""Reads the shared test vectors, on which every implementation of the arithmetic must agree."""

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "money.json").read_text())


def vectors(name: str) -> pytest.MarkDecorator:
    """Run a test once for each vector of a function, as its argument `vector`."""
    rows: list[dict[str, Any]] = VECTORS[name]
    return pytest.mark.parametrize("vector", [pytest.param(row, id=row.get("why", str(row))) for row in rows])
