"""How far the kernel's parts of a company's set-up are, and how parts say what there is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from core import letters, numbering
from core.models import User
from core.paging import capped_counts
from core.registry import Found, SetUpPart, Stage


def counted(rows: QuerySet[Any], noun: str, plural: str = "") -> str:
    """Return how many rows there are, in words; nothing where there is none."""
    count = capped_counts({"": rows})[""]
    if not count:
        return ""
    return f"{count} {noun if count.number == 1 else plural or noun + 's'}"


def company_found(user: User, _at: datetime) -> Found:
    """Say whether the company can stand at the head of a paper."""
    company = user.company
    owed = [words for words, said in (("address", company.address), ("e-mail address", company.email)) if not said]
    missing = f"No {' and no '.join(owed)} yet: papers say it." if owed else ""
    return Found(f"{company.name}, {company.country}, {company.currency}", missing)


def logo_found(user: User, _at: datetime) -> Found:
    """Say whether papers show a logo."""
    return Found("There is one") if user.company.logo_id else Found("", "None yet: papers begin with the name.")


def bank_found(user: User, _at: datetime) -> Found:
    """Say whether customers can be told where to pay."""
    company = user.company
    if not company.iban:
        return Found("", "None yet: invoices do not say where to pay.")
    return Found(f"{company.bank_name or 'Account'} …{company.iban[-4:]}")


def series_found(user: User, at: datetime) -> Found:
    """Say which numbers are next."""
    company = user.company
    year = at.astimezone(company.zone).year
    return Found(", ".join(series.next_number for series in numbering.gapless_of(company, [year])))


def messages_found(user: User, _at: datetime) -> Found:
    """Say in how many languages the company has words of its own, and whether anything can be sent."""
    if not settings.SENDS_MAIL:
        return Found("", "Nothing is sent yet: whoever runs Orderly names a mail server (EMAIL_HOST).")
    own = len(letters.own_languages(user))
    return Found(f"{own} of your own words" if own else "As they came")


PARTS = (
    SetUpPart("Company", Stage.ORDER, "core:edit_company", "Who sells.", company_found),
    SetUpPart("Bank account", Stage.BILL, "core:edit_company", "Where customers pay.", bank_found),
    SetUpPart("Logo", Stage.LATER, "core:logo", "What papers begin with.", logo_found),
    SetUpPart("Messages", Stage.LATER, "core:messages", "What is written to partners.", messages_found),
    SetUpPart("Number series", Stage.BILL, "core:series", "A beginning can be chosen until the first.", series_found),
)
