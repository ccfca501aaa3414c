"""Which request is being answered: its id stands in every log line, and in the facts that services write meanwhile."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
