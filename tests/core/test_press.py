"""T30: a page that hangs the renderer is given up in time, and the next one is printed."""

import os
import signal
import threading
import time

import pytest

from core import press
from core.press import Press, TakesTooLong, UnprintableDocument

# It keeps the renderer busy for many times the limit below.
HANGING = "<p>x" * 300_000
SECONDS = 2


@pytest.fixture
def own():
    """A press of this test's own."""
    own = Press()
    yield own
    own.stop()


def child(press: Press) -> int:
    assert press._child is not None
    return press._child.pid


class TestPress:
    def test_gives_up_a_page_that_hangs_and_prints_the_next_one(self, own):
        begun = time.monotonic()
        with pytest.raises(TakesTooLong, match="not printed within 2 seconds"):
            own.printed(HANGING, seconds=SECONDS)
        assert SECONDS <= time.monotonic() - begun < SECONDS + 8
        assert own.printed("<p>x").startswith(b"%PDF")

    def test_allows_twenty_seconds_as_a_rule(self):
        assert press.SECONDS == 20

    def test_keeps_its_child_for_the_next_page_even_after_a_bad_one(self, own):
        own.printed("<p>x")
        first = child(own)
        with pytest.raises(UnprintableDocument, match="Not an asset"):
            own.printed("<img src='file:///etc/passwd'>")
        own.printed("<p>y")
        assert child(own) == first

    def test_starts_another_child_where_the_first_has_ended(self, own):
        own.printed("<p>x")
        first = child(own)
        os.kill(first, signal.SIGKILL)
        own._child.wait()
        assert own.printed("<p>x").startswith(b"%PDF")
        assert child(own) != first

    def test_ends_its_child_when_it_stops(self, own):
        own.printed("<p>x")
        first = child(own)
        own.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)

    def test_prints_for_many_threads_one_after_the_other(self, own):
        papers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda n=n: papers.append(own.printed(f"<title>{n}</title>{n}"))) for n in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(papers)) == 5
