"""Makes the readers of columns: of a cell, its heading and how the file writes they make a value or a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core.intake import cells
from core.intake.cells import CellError
from core.intake.columns import Notation, Reader


def optional(read: Reader) -> Reader:
    """Return a reader that takes an empty cell for nothing said."""

    def read_if_said(cell: str, name: str, notation: Notation) -> Any:
        return read(cell, name, notation) if cell else None

    return read_if_said


def code(most: int = cells.MAX_CODE_LENGTH, *, may_have_blanks: bool = False) -> Reader:
    """Return a reader of codes of ours, which people scan and name."""

    def read(cell: str, name: str, _notation: Notation) -> str:
        found = cells.read_code(cell, name)
        if len(found) > most:
            raise CellError(f"{name} {cells.shown(cell)} is longer than {most} characters.")
        if not may_have_blanks and any(char.isspace() for char in found):
            raise CellError(f"{name} {cells.shown(cell)} has a blank in it: use a dash.")
        return found

    return read


def text(most: int, *, may_be_empty: bool = True) -> Reader:
    """Return a reader of texts."""

    def read(cell: str, name: str, _notation: Notation) -> str:
        if not (cell or may_be_empty):
            raise CellError(f"{name} is empty.")
        return cells.read_text(cell, name, most=most)

    return read


def number(*, may_be_zero: bool = False, most: Decimal = cells.MAX_NUMBER, places: int = cells.MAX_DECIMALS) -> Reader:
    """Return a reader of quantities, prices and amounts."""

    def read(cell: str, name: str, notation: Notation) -> Decimal:
        found = cells.read_number(cell, name, notation.decimal_mark, may_be_zero=may_be_zero, most=most)
        if found != round(found, places):
            raise CellError(f"{name} {cells.shown(cell)} has more than {places} decimals.")
        return found

    return read


def whole(most: int) -> Reader:
    """Return a reader of whole numbers from zero on."""

    def read(cell: str, name: str, notation: Notation) -> int:
        found = cells.read_number(cell, name, notation.decimal_mark, may_be_zero=True, most=Decimal(most))
        if found != int(found):
            raise CellError(f"{name} {cells.shown(cell)} is no whole number.")
        return int(found)

    return read


def day(*, years_ahead: int = cells.YEARS_AHEAD) -> Reader:
    """Return a reader of days."""

    def read(cell: str, name: str, notation: Notation) -> date:
        return cells.read_moment(
            cell,
            name,
            day_first=notation.day_first,
            tz=notation.zone,
            today=notation.today,
            years_ahead=years_ahead,
        ).date()

    return read


def yes(cell: str, name: str, _notation: Notation) -> bool:
    """Return whether a cell says yes."""
    return cells.read_yes(cell, name)


def choice(words: Mapping[str, str]) -> Reader:
    """Return a reader of words that stand for something."""

    def read(cell: str, name: str, _notation: Notation) -> str:
        return cells.read_choice(cell, name, words)

    return read
