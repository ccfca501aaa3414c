"""How many statements a page takes: pinned in query_counts.json, rewritten only under UPDATE_QUERY_COUNTS=1."""

import json
import os
from pathlib import Path

COUNTS = Path(__file__).parent / "query_counts.json"


def assert_pinned(name: str, number: int) -> None:
    """Check that a page takes as many statements as were pinned for it."""
    counts = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    if os.environ.get("UPDATE_QUERY_COUNTS") == "1":
        COUNTS.write_text(json.dumps({**counts, name: number}, indent=2, sort_keys=True) + "\n")
        return
    assert counts.get(name) == number, f"{name} takes {number} statements, pinned are {counts.get(name)}"
