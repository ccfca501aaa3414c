"""The child process of core/press.py: prints the pages that it is sent; the system ends it when one takes too long.

It is run as a program, `python -m core.printer`, by nobody but the press.
"""

from __future__ import annotations

import os
import signal
import sys

from core.documents import print_page
from core.press import PRINTED, UNPRINTABLE, receive, send

IDLE_SECONDS = 600


def main() -> None:
    """Print until the parent goes or sends nothing more for a while."""
    pages = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    while True:
        # An alarm that nobody handles ends the process, whatever code of whatever language is running.
        signal.setitimer(signal.ITIMER_REAL, IDLE_SECONDS)
        try:
            seconds, page = receive(pages)
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, float(seconds))
        try:
            kind, content = PRINTED, print_page(page.decode())
        except Exception as error:  # the caller is told, and the next page is printed
            kind, content = UNPRINTABLE, f"{type(error).__name__}: {error}".encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(answers, kind, content)


if __name__ == "__main__":
    main()
