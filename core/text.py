"""Keys made from what people type: for sorting and for finding the same thing written differently."""

from __future__ import annotations

import re
import unicodedata

# What spreadsheets take for the start of a formula, with the full-width forms that some fold to it
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*\Z", re.ASCII)
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


def quoted(text: str) -> str:
    """Return a text as a cell of a file that no spreadsheet runs: what looks like a formula gets an apostrophe.

    So does what has one before such a start already, so that unquoted() gives every text back.
    """
    bare = text.lstrip(" '")
    is_formula = bare.startswith(_FORMULA_STARTS) and not _NUMBER.match(text.lstrip(" "))
    return f"'{text}" if is_formula else text


def unquoted(cell: str) -> str:
    """Return the text that quoted() made a cell of."""
    return cell[1:] if cell.startswith("'") and quoted(cell[1:]) == cell else cell
