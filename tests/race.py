"""Runs callables at the same time, each on a database connection of its own, so that races happen."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

PATIENCE = 60

Result = TypeVar("Result")


def race(*callables: Callable[[], Result], patience: float = PATIENCE) -> list[Result | Exception]:
    """Start all callables together and return, in their order, what each returned or raised.

    It needs a test with `transaction=True`: only what is committed is seen by other connections.

    :raises TimeoutError: if one is not done after `patience` seconds, as when it waits for a lock that nobody gives
        back.
    """
    outcomes: list[Result | Exception] = [TimeoutError("never finished")] * len(callables)
    start = threading.Barrier(len(callables))

    def run(place: int, act: Callable[[], Result]) -> None:
        try:
            start.wait(PATIENCE)
            outcomes[place] = act()
        except Exception as error:  # what it raised is its outcome
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(callables)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"A racer was not done after {patience} seconds.")
    return outcomes
