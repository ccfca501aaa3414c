"""What somebody typed or scanned into the search box, read in the ways in which documents are named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from core.planner import planned_anew
from core.text import normalized_reference, sort_key

# As much of it as any document is called
LONGEST = 80
# Of each way to find something
MOST_FOUND = 8
# Whoever types less than this may mean anything by it: the middle of names is not looked at
FEWEST_LETTERS = 3
# What a scanner puts before the data, by kind of bar code
_SYMBOLOGY = re.compile(r"\A\](?:C1|d2|e0|Q3)")
# The element strings of GS1 that begin a label, as they are scanned or as they are printed below the bars
_TRADE_ITEM = re.compile(r"\A(?:\(01\)|01)(\d{14})(?!\d\Z)")
_SERIAL = re.compile(r"([A-Z]{1,2})[\s-]*0*(\d{1,15})\Z")
# A longer one is a bar code, never the end of one of our numbers
_BARE = re.compile(r"0*(\d{1,9})\Z")


@dataclass(frozen=True)
class Sought:
    """A text that is sought: whole, as a reference, as the beginning of a name, and as the number of a document."""

    text: str

    @classmethod
    def read(cls, typed: str) -> Sought:
        """Return what was typed or scanned without what no document has: PostgreSQL takes no NUL in a text."""
        plain = " ".join(typed.replace("\0", "").split())[:LONGEST]
        return cls(_SYMBOLOGY.sub("", plain.encode("utf-8", "ignore").decode()))

    def __bool__(self) -> bool:
        return bool(self.text)

    @cached_property
    def upper(self) -> str:
        """The text in capitals, as our own numbers are."""
        return self.text.upper()

    @cached_property
    def reference(self) -> str:
        """The text as somebody else's number: without case, spaces, dashes and leading zeros."""
        return normalized_reference(self.text)

    @cached_property
    def name(self) -> str:
        """The text as names are sorted, to find those that begin with it."""
        return sort_key(self.text)

    @property
    def has_digit(self) -> bool:
        """Whether it may be a number: no document of ours is called by letters alone."""
        return any(char.isdecimal() for char in self.text)

    def begins(self, *columns: str) -> Q:
        """Return the condition that a column begins with the text, as it was typed or in either case.

        Each is a range of the column's index, which a comparison without case would not be.
        """
        begins = Q()
        for column in columns:
            for text in dict.fromkeys((self.text, self.upper, self.text.lower())):
                begins |= Q(**{f"{column}__startswith": text})
        return begins

    def refers(self, column: str) -> Q:
        """Return the condition that somebody else's number begins with the text, or with PO and the text."""
        return Q(**{f"{column}__startswith": self.reference}) | Q(**{f"{column}__startswith": f"PO{self.reference}"})

    def in_names(self, column: str = "sort_key") -> list[Q]:
        """Return the conditions that a name begins with the text, and that a later word of it does.

        The second reads every name: it is for what a company has thousands of, not millions.
        """
        if not self.name:
            return []
        found = [Q(**{f"{column}__startswith": self.name})]
        if len(self.name) >= FEWEST_LETTERS and not self.has_digit:
            found.append(Q(**{f"{column}__contains": f" {self.name}"}))
        return found

    @cached_property
    def gtins(self) -> tuple[str, ...]:
        """The text as a trade item's number, however many zeros stand before it; none where it is none."""
        scanned = _TRADE_ITEM.match(self.text)
        digits = scanned[1] if scanned else self.text
        if not (digits.isascii() and digits.isdecimal() and 8 <= len(digits) <= 14):
            return ()
        bare = digits.lstrip("0")
        return tuple(bare.zfill(length) for length in (8, 12, 13, 14) if length >= len(bare))

    def serial(self, prefix: str) -> int | None:
        """Return the key of a document such as W-000012 of prefix W, typed whole or as the bare number 12."""
        named = _SERIAL.match(self.upper)
        if named:
            return int(named[2]) if named[1] == prefix else None
        bare = _BARE.match(self.text)
        return int(bare[1]) if bare else None

    def is_number(self, number: str) -> bool:
        """Say whether the text is that number, whole."""
        return self.reference == normalized_reference(number)


def first_of(ways: Sequence[QuerySet[Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Return the first rows of several ways to find some, each row once: one statement, or none where no way is left.

    Each way is cut short by itself, so that each takes its own index; and is planned for what is sought, for a plan
    for any beginning of a number would read all numbers.
    """
    cut = [way.values_list(*columns)[:MOST_FOUND] for way in ways]
    if not cut:
        return []
    rows = cut[0].union(*cut[1:], all=True) if len(cut) > 1 else cut[0]
    with planned_anew(rows.db):
        return list(dict.fromkeys(rows))
