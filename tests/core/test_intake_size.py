"""How much memory a file takes on its way in: as much as a slice of it, however long it is."""

from __future__ import annotations

import re
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO

import pytest

from core import intake
from core.exports import csv_lines, xlsx_file
from core.intake import staging
from core.models import FileImport
from tests import soak
from tests.factories.core import FILE_AT
from tests.factories.house import House

pytestmark = pytest.mark.django_db

# Of the 500 MB that are promised for 300,000 rows a worker has a third before it begins. A short file of wide rows,
# 6 MB in all, shows the same of slices that are as much smaller.
ROWS = soak.count(short=800, full=300_000)
WIDTH = soak.count(short=8_000, full=20)
TOGETHER = soak.count(short=1, full=200)
BATCH = soak.count(short=50, full=staging.BATCH)
MOST_GROWTH = soak.count(short=5, full=300) * 1024**2
HEADER = ["PO number", "customer", "SKU", "description", "quantity", "price", "date", "remark"]


def growth(of: Callable[[], None]) -> int:
    """Return how many bytes more were in use at most while something was done.

    A long file shows in the process as a whole; a short one would find room in what others left behind there.
    """
    if not soak.IS_SOAK:
        tracemalloc.start()
        of()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most
    Path("/proc/self/clear_refs").write_text("5")  # forgets what it had at most before
    before = _bytes("VmRSS")
    of()
    return _bytes("VmHWM") - before


def _bytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.soak("T31")
@pytest.mark.parametrize("is_workbook", [False, True] if soak.IS_SOAK else [False])
def test_a_long_file_is_read_and_taken_in_by_its_slices(is_workbook, monkeypatch):
    monkeypatch.setattr(staging, "BATCH", BATCH)
    house = House.open()
    sku = house.product().sku
    rows = (
        [f"P{n // TOGETHER}", "C-1", sku, "lamp", 3, Decimal("2.5"), "2026-11-20", f"{n:{WIDTH}}"] for n in range(ROWS)
    )
    with xlsx_file(HEADER, rows) if is_workbook else text_file(rows) as content:
        run = intake.receive(kind="orders", name="long", content=content, actor=house.boss, at=FILE_AT)

    def take_in() -> None:
        intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT, in_background=False)
        intake.run_to_end(import_id=run.pk, clock=lambda: FILE_AT, progress=lambda run: None)

    grown = growth(take_in)
    assert FileImport.objects.get().loaded == ROWS
    assert grown < MOST_GROWTH


def text_file(rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """Return rows as a CSV file."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the test closes it
    file.writelines(line.encode() for line in csv_lines(HEADER, rows))
    file.seek(0)
    return file
