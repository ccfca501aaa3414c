"""Keys made from what people type: for sorting and for finding the same thing written differently."""

from __future__ import annotations

import re
import unicodedata

_PO_NOISE = re.compile(r"[\s\-_/.]+")
_LEADING_ZEROS = re.compile(r"^0+(?=.)")


def sort_key(text: str) -> str:
    """Return a text without case and accents, so that the database's C order reads as people expect."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return plain.casefold().strip()


def normalized_reference(text: str) -> str:
    """Return a purchase order number without case, spaces, dashes and leading zeros, to find duplicates (A3)."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    # Composed again, for an accent may have lost the space that it stood on.
    return _LEADING_ZEROS.sub("", unicodedata.normalize("NFC", _PO_NOISE.sub("", plain)))
