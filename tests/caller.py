"""Speaks to a running server as a signed-in person, one request at a time, for what only real requests show."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.test import Client

from core.models import User

TOKEN = "t" * 32
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status and the text."""

    status: int
    text: str


class Caller:
    """A signed-in person's browser without a window. Threads may share it: each request has a connection of its own."""

    def __init__(self, address: str, user: User) -> None:
        self.host = urlsplit(address).netloc
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.headers = {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Connection": "close",
        }

    def get(self, path: str) -> Reply:
        """Open a page.

        :raises OSError: where the server did not answer.
        """
        return self._ask("GET", path, "")

    def post(self, path: str, **form: Any) -> Reply:
        """Send a form.

        :raises OSError: where the server did not answer.
        """
        return self._ask("POST", path, urlencode(form, doseq=True))

    def _ask(self, method: str, path: str, body: str) -> Reply:
        connection = HTTPConnection(self.host, timeout=PATIENCE)
        try:
            headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode(errors="replace"))
        finally:
            connection.close()
