"""Where tests find real data that the product does not ship: beside the checkout, or where SHARED_DATA says."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def shared_file(*parts: str) -> Path:
    """Return a file of the shared data, or skip the test where it is not there."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not here: set SHARED_DATA to the folder of real data to run this")
    return path
