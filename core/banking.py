"""Accounts at banks as forms take them: an IBAN by its check digits (ISO 13616), a BIC by its form (ISO 9362)."""

from __future__ import annotations

import re

from core.addresses import is_country

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def compact(text: str) -> str:
    """Return a number of an account or a bank as it is stored: in capitals, without blanks."""
    return "".join(text.split()).upper()


def is_iban(number: str) -> bool:
    """Say whether a compact text is an IBAN: of a country, and 1 modulo 97 with the letters as numbers from 10 on."""
    if not _IBAN.fullmatch(number) or not is_country(number[:2]):
        return False
    return int("".join(str(int(place, 36)) for place in number[4:] + number[:4])) % 97 == 1


def is_bic(code: str) -> bool:
    """Say whether a compact text has the form of a BIC of a country."""
    found = _BIC.fullmatch(code)
    return found is not None and is_country(found[1])
