"""Has pages printed by a child process, which ends itself when one takes too long (T30): the caller always goes on.

A renderer that is caught in a hostile or a merely unlucky page cannot be interrupted from within. The child is started
with the first page, kept for the next ones, and gone when nobody printed for a while.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from typing import IO

from django.conf import settings

from core.refusals import Refused

SECONDS = 20
# The two kinds of answers.
PRINTED, UNPRINTABLE = b"P", b"U"


class UnprintableDocument(Exception):
    """A document asked for something that is not among its own assets, or the renderer could make nothing of it."""


class TakesTooLong(Refused):
    """A page was not printed within the limit, so printing it was given up."""

    code = "printing_takes_too_long"


class Press:
    """One child process that prints page after page, for one caller at a time."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._parent = 0
        atexit.register(self.stop)

    def printed(self, page: str, *, seconds: float = SECONDS) -> bytes:
        """Return an HTML page as a PDF file.

        :raises TakesTooLong: where it was not printed in time; the child has ended and the next page gets another one.
        :raises UnprintableDocument: where the page refers to anything but its own assets, or cannot be printed.
        """
        with self._one_at_a_time:
            child = self._running()
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                send(child.stdin, str(seconds).encode(), page.encode())
                kind, content = receive(child.stdout)
            except (OSError, EOFError) as error:
                self.stop()
                raise TakesTooLong(
                    f"This paper was not printed within {seconds:g} seconds, so printing it was given up."
                ) from error
        if kind == PRINTED:
            return content
        raise UnprintableDocument(content.decode())

    def stop(self) -> None:
        """End the child, if there is one of ours."""
        child, self._child = self._child, None
        if child is not None and self._parent == os.getpid():
            with child:  # closes its pipes and waits for it
                child.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and (self._parent != os.getpid() or self._child.poll() is not None):
            self.stop()  # it was idle for too long, or belongs to the process that we were forked from
        if self._child is None:
            self._parent = os.getpid()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "core.printer"],
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._child


def send(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    """Write a message: what kind it is of, a few bytes, and its content.

    :raises OSError: where nobody reads it.
    """
    stream.write(len(kind).to_bytes(4, "big") + len(content).to_bytes(8, "big") + kind + content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Read a message.

    :raises EOFError: where the other side has gone.
    """
    head = _exactly(stream, 12)
    return _exactly(stream, int.from_bytes(head[:4], "big")), _exactly(stream, int.from_bytes(head[4:], "big"))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


press = Press()
