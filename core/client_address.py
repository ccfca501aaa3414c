"""Whence a request came: the address that the outermost of our own proxies saw, for the lock on the door."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the browser; None where a request has none, as on a Unix socket.

    Each proxy adds to X-Forwarded-For whom it heard, so with two of ours it is the second from the right. What stands
    further left the browser said of itself; without a proxy of ours it said all of it.
    """
    heard = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    direct = request.META.get("REMOTE_ADDR") or None
    if not settings.PROXY_COUNT or len(heard) < settings.PROXY_COUNT:
        return direct
    try:
        return str(ip_address(heard[-settings.PROXY_COUNT]))
    except ValueError:
        return direct
