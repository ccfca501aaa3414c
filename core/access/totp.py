"""Codes of authenticator apps: six digits of each half minute, as RFC 6238 has them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS, PERIOD = 6, 30
# A device's clock may be half a minute off, either way
DRIFT = 1


def new_secret() -> str:
    """Return a secret of 160 bits, as apps take it when it is typed."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def counter_at(at: datetime) -> int:
    """Return the number of the half minute."""
    return int(at.timestamp()) // PERIOD


def code_of(secret: str, counter: int) -> str:
    """Return the code of a half minute."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_counter(secret: str, code: str, at: datetime) -> int | None:
    """Return the half minute whose code was typed; none where it is wrong or older than a moment."""
    typed = code.encode()
    found = None
    for counter in range(counter_at(at) - DRIFT, counter_at(at) + DRIFT + 1):
        if hmac.compare_digest(code_of(secret, counter).encode(), typed):
            found = counter
    return found


def address(secret: str, *, account: str, issuer: str) -> str:
    """Return what a QR code tells an app."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"
