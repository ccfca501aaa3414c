"""Reads one cell of a file as a code, a text, a number or a time, and says in a sentence why it cannot.

Nothing is guessed in silence: 1,234 and 01/02/2011 can be read in two ways, and are refused unless the rest of the
file tells which way it writes.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

MAX_CODE_LENGTH = 64
MAX_NUMBER = Decimal(1_000_000)
MAX_NUMBER_LENGTH = 40
MAX_DECIMALS = 6
FIRST_YEAR = 1990
YEARS_AHEAD = 5

# What a spreadsheet makes of a long code or of 123E4 when it takes it for a number, its digits gone.
SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+-][0-9]{1,3}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# pandas and some spreadsheets write a whole number as 17850.0 where its column has gaps.
WHOLE_NUMBER = re.compile(r"([0-9]+)\.0+")

BLANK_GROUPS = re.compile(r"[0-9]{1,3}(?:[ \u00a0\u202f'\u2019][0-9]{3})+(?:[.,][0-9]+)?")
BLANKS = re.compile(r"[ \u00a0\u202f'\u2019]")
DIGITS = re.compile(r"[0-9]+")
GROUPS = {
    ".": re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?"),
    ",": re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?"),
}
FRACTION = {".": re.compile(r"[0-9]*\.[0-9]+"), ",": re.compile(r"[0-9]*,[0-9]+")}
TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}")

TIME = (
    r"(?:[T ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?P<mark>[-/.]?)(?P<month>[0-9]{2})(?P=mark)(?P<day>[0-9]{2})" + TIME)
YEAR_LAST = re.compile(r"(?P<one>[0-9]{1,2})(?P<mark>[-/.])(?P<two>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})" + TIME)


class CellError(ValueError):
    """One cell cannot be read; the message is a sentence for the person who typed it."""


def shown(cell: str) -> str:
    """Return the cell as a sentence can quote it."""
    line = CONTROL.sub(" ", cell)
    return line if len(line) <= MAX_NUMBER_LENGTH else f"{line[: MAX_NUMBER_LENGTH - 1]}…"


def read_code(cell: str, name: str) -> str:
    """Return a number or SKU as it was typed.

    :raises CellError: if it is empty, too long or broken over lines.
    """
    if not cell:
        raise CellError(f"{name} is empty.")
    if len(cell) > MAX_CODE_LENGTH:
        raise CellError(f"{name} {shown(cell)} is longer than {MAX_CODE_LENGTH} characters.")
    if CONTROL.search(cell):
        raise CellError(f"{name} {shown(cell)} holds a line break or another control character.")
    if SCIENTIFIC.fullmatch(cell):
        raise CellError(
            f"{name} {cell} was made a number by a spreadsheet, and its digits are lost."
            " Format the column as text there, type the code again and save."
        )
    return cell


def read_text(cell: str, name: str, *, most: int) -> str:
    """Return a text as it was typed, which may be empty.

    :raises CellError: if it is longer than its column here.
    """
    text = cell.strip()
    if len(text) > most:
        raise CellError(f"{name} {shown(text)} is longer than {most} characters.")
    return text


def read_choice(cell: str, name: str, choices: Mapping[str, str]) -> str:
    """Return what a word stands for, without regard to case.

    :raises CellError: if it is none of the words.
    """
    found = choices.get(" ".join(cell.lower().split()))
    if found is None:
        words = ", ".join(choices)
        raise CellError(f"{name} {shown(cell)} is none of {words}." if cell else f"{name} is empty.")
    return found


YES_NO = {"yes": "yes", "no": "no", "true": "yes", "false": "no", "1": "yes", "0": "no", "y": "yes", "n": "no"}


def read_yes(cell: str, name: str) -> bool:
    """Return whether a cell says yes.

    :raises CellError: if it says neither yes nor no.
    """
    if cell.lower() not in YES_NO:
        raise CellError(f"{name} {shown(cell)} is neither yes nor no." if cell else f"{name} is empty.")
    return YES_NO[cell.lower()] == "yes"


def read_customer_number(cell: str, name: str) -> str:
    """Return a customer's number, 17850 also where a spreadsheet made 17850.0 of it.

    :raises CellError: if it is no code.
    """
    code = read_code(cell, name)
    whole = WHOLE_NUMBER.fullmatch(code)
    return whole[1] if whole else code


def decimal_marks(cells: Iterable[str]) -> set[str]:
    """Return the decimal marks of the numbers that can be read in one way only."""
    return {mark for cell in cells if (mark := _clear_mark(_unsigned(cell))) is not None}


def read_number(
    cell: str, name: str, decimal_mark: str | None, *, may_be_zero: bool = False, most: Decimal = MAX_NUMBER
) -> Decimal:
    """Return a quantity or price: above zero or not below it, within reason, with at most six decimals.

    :raises CellError: if it is anything else, or can be read in two ways and decimal_mark does not say which.
    """
    if not cell:
        raise CellError(f"{name} is empty.")
    body = _unsigned(cell)
    mark = _clear_mark(body)
    if mark is None and TWO_WAYS.fullmatch(body):
        if decimal_mark is None:
            readings = f"{re.sub('[.,]', '', body)} or as {body.replace(',', '.')}"
            raise CellError(f"{name} {shown(cell)} can be read as {readings}. Write it without separating thousands.")
        mark = decimal_mark
    if mark is None and not DIGITS.fullmatch(body):
        raise CellError(f"{name} {shown(cell)} is not a number.")
    whole, _, fraction = body.partition(mark) if mark else (body, "", "")
    whole = re.sub("[.,]", "", whole) or "0"
    value = Decimal(f"{whole}.{fraction}" if fraction else whole)
    if (cell.startswith("-") and value) or not (value or may_be_zero):
        raise CellError(f"{name} {shown(cell)} is {'below' if may_be_zero else 'not above'} zero.")
    if value > most:
        raise CellError(f"{name} {shown(cell)} is more than {most:,}.")
    if len(fraction.rstrip("0")) > MAX_DECIMALS:
        raise CellError(f"{name} {shown(cell)} has more than {MAX_DECIMALS} decimals.")
    return value


def _unsigned(cell: str) -> str:
    """Return the number without sign, and without the blanks or apostrophes that group its thousands."""
    body = cell[1:] if cell[:1] in {"+", "-"} else cell
    if len(body) > MAX_NUMBER_LENGTH:
        return ""
    return BLANKS.sub("", body) if BLANK_GROUPS.fullmatch(body) else body


def _clear_mark(body: str) -> str | None:
    """Return the decimal mark of a number that can be read in one way only; None where it shows none."""
    if TWO_WAYS.fullmatch(body):
        return None
    return next((mark for mark in ".," if GROUPS[mark].fullmatch(body) or FRACTION[mark].fullmatch(body)), None)


def days_first(cells: Iterable[str]) -> set[bool]:
    """Return which of day and month comes first in the dates such as 31/12/2011 that can be read in one way only."""
    return {
        first
        for cell in cells
        if (match := YEAR_LAST.fullmatch(cell)) and (first := _clear_day_first(match)) is not None
    }


def read_moment(
    cell: str, name: str, *, day_first: bool | None, tz: tzinfo, today: date, years_ahead: int = YEARS_AHEAD
) -> datetime:
    """Return a date or time; one without a zone is in tz, one without an hour is that day's beginning.

    :raises CellError: if it is no date, can be read in two ways, or lies before 1990 or years ahead of today.
    """
    if not cell:
        raise CellError(f"{name} is empty.")
    example = f"Write it like {today.isoformat()}."
    year_first, year_last = YEAR_FIRST.fullmatch(cell), YEAR_LAST.fullmatch(cell)
    match = year_first or year_last
    if match is None:
        raise CellError(f"{name} {shown(cell)} is not a date that we can read. {example}")
    if year_last:
        clear = _clear_day_first(year_last)
        day_first = day_first if clear is None else clear
        if day_first is None and year_last["one"] != year_last["two"]:
            raise CellError(f"{name} {shown(cell)} can be read with the day or the month first. {example}")
    try:
        day = _day(match, day_first=bool(day_first))
        clock = time(int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0))
        zone = _zone(match["zone"])
    except ValueError as error:
        raise CellError(f"{name} {shown(cell)} is not a date that we can read. {example}") from error
    if day.year < FIRST_YEAR:
        raise CellError(f"{name} {shown(cell)} lies before {FIRST_YEAR}.")
    if (day.year - years_ahead, day.month, day.day) > (today.year, today.month, today.day):
        raise CellError(f"{name} {shown(cell)} lies more than {years_ahead} years ahead.")
    return datetime.combine(day, clock, tzinfo=zone or tz)


def _clear_day_first(match: re.Match[str]) -> bool | None:
    """Return whether the day comes first in a date that can be read in one way only."""
    one, two = int(match["one"]), int(match["two"])
    if match["mark"] == "." or one > 12:
        return True
    return False if two > 12 else None


def _day(match: re.Match[str], *, day_first: bool) -> date:
    parts = match.groupdict()
    if "month" not in parts:
        parts["day"], parts["month"] = (parts["one"], parts["two"]) if day_first else (parts["two"], parts["one"])
    return date(int(parts["year"]), int(parts["month"]), int(parts["day"]))


def _zone(offset: str | None) -> tzinfo | None:
    if not offset:
        return None
    if offset == "Z":
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
