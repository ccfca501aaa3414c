"""Takes the locks away, for the control tests: a race must be seen to go wrong without its lock (T2)."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Model

from core.locking import LockingQuerySet
from core.reading import Reading

PATIENCE = 2  # s
_LOCK = re.compile(r' FOR NO KEY UPDATE(?: OF "?\w+"?)?')


def take_locks_away(monkeypatch: pytest.MonkeyPatch, *models: type[Model], pause: float = 0.3) -> None:
    """Read rows of the models (of all, where none is named) where the product locks them, and wait a moment there.

    Others come between in that moment: who reads first waits until a second one has read too, which on a busy machine
    takes longer than the moment. The watch over the order of locks still sees a lock, on no row.
    """
    lock, call, compile_ = LockingQuerySet.locked, Reading.__call__, Reading._compile
    compiling = threading.local()
    readers: set[int] = set()
    meeting = threading.Condition()
    patience = {"left": 3.0 * PATIENCE}  # s, for all readers together

    def wait_for_others() -> None:
        if threading.current_thread() is threading.main_thread():
            return  # the test itself, which prepares what is raced for
        with meeting:
            readers.add(threading.get_ident())
            meeting.notify_all()
            begun = time.monotonic()
            meeting.wait_for(lambda: len(readers) > 1, timeout=patience["left"])
            patience["left"] = max(patience["left"] - (time.monotonic() - begun), 0)
        time.sleep(pause)

    def is_meant(model: Any) -> bool:
        return not models or model in models

    def read(rows: Any) -> Any:
        if getattr(compiling, "now", False) or not is_meant(rows.model):
            return lock(rows)
        list(lock(rows.filter(pk=0)))
        found = rows.order_by("pk")
        if pause:
            found = list(found)
            wait_for_others()
        return found

    def compile_locked(reading: Any, lists: int) -> Any:
        compiling.now = True
        try:
            return compile_(reading, lists)
        finally:
            compiling.now = False

    def read_compiled(reading: Any, *lists: Any) -> Any:
        made = reading._compiled or reading._compile(len(lists))
        if not made.locks or not is_meant(made.model):
            return call(reading, *lists)
        call(reading, *([0] for _ in lists))
        plain = Reading(reading._build)
        plain._compiled = replace(made, sql=_LOCK.sub("", made.sql))
        found = call(plain, *lists)
        wait_for_others()
        return found

    monkeypatch.setattr(LockingQuerySet, "locked", read)
    monkeypatch.setattr(Reading, "_compile", compile_locked)
    monkeypatch.setattr(Reading, "__call__", read_compiled)
