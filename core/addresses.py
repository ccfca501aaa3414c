"""How an address is written on paper: its lines, in the order of the country's post and in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale

# Where the post writes the code behind the town; elsewhere it stands before it.
_POSTCODE_LAST = frozenset({"AU", "CA", "GB", "GG", "IE", "IM", "IN", "JE", "NZ", "SG", "US", "ZA"})

_NO_LAND = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return the countries by their ISO 3166 code and name, by name."""
    names = Locale("en").territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_LAND]
    return tuple(sorted(found, key=lambda pair: pair[1]))


def is_country(code: str) -> bool:
    """Say whether two letters are a country's."""
    return any(code == known for known, _name in countries())


def country_name(code: str, language: str) -> str:
    """Return a country's name in a language; a code that has none stands for itself."""
    locale = Locale.parse(language, sep="-" if "-" in language else "_")
    return locale.territories.get(code, code)


def address_lines(address: Mapping[str, str], language: str) -> list[str]:
    """Return street, town with its code, and country of an address, without who lives there."""
    code, town, country = address.get("postcode", ""), address.get("city", ""), address["country"]
    place = [town, code] if country in _POSTCODE_LAST else [code, town]
    lines = [address["street"], " ".join(filter(None, place)), country_name(country, language)]
    return [line for line in lines if line]
