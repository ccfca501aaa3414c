"""Companies: founding one with its first administrator, and changing what it says of itself (PRODUCT.md V4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError

from core import people, registry
from core.addresses import is_country
from core.filing import keep_file, parts_of
from core.models import Company, Membership, SourceFile, User
from core.money import is_currency
from core.pictures import ADDRESS
from core.refusals import Blocked
from core.roles import Role, require
from core.transactions import atomic

SETS_UP = "core.set_up"


@dataclass(frozen=True, slots=True)
class Founded:
    """A new company, its first administrator, and the page on which they choose a password; none who has one."""

    company: Company
    administrator: User
    way_in: str


@atomic
def found_company(
    *, code: str, name: str, country: str, currency: str, time_zone: str, email: str, person_name: str
) -> Founded:
    """Make a company that has nothing yet but its first administrator; who runs Orderly asks for it.

    Somebody who has an account already keeps it, and signs in as before.

    :raises Blocked: where there is a company of this code, or what is said of it cannot be.
    """
    if Company.objects.filter(code=code).exists():
        raise Blocked(f"There is a company “{code}” already: its administrators set it up at /setup/.")
    if not is_country(country):
        raise Blocked(f"{country} is no country: name two letters, such as GB.")
    if not is_currency(currency):
        raise Blocked(f"{currency} is no currency: name three letters, such as GBP.")
    company = Company(code=code, name=name, country=country, currency=currency, time_zone=time_zone)
    address = email.strip().lower()
    user = User.objects.filter(email=address).first()
    made = user or User(email=address, name=person_name, time_zone=time_zone)
    try:
        company.full_clean()
        if user is None:
            made.set_unusable_password()
            made.full_clean(exclude=["password"])
    except ValidationError as error:
        raise Blocked(" ".join(error.messages)) from error
    company.save()
    if user is None:
        made.save()
    Membership.objects.create(user=made, company=company, roles=[Role.ADMINISTRATOR])
    return Founded(company, made, people.way_in(made) if user is None else "")


def own_company(user: User) -> Any:
    """Return the company for which a person works now."""
    return Company.objects.filter(pk=user.company.pk)


def frozen_columns(company: Company) -> dict[str, str]:
    """Return the columns of a company on which other rows rest by now, each with the reason in words."""
    frozen: dict[str, str] = {}
    for asks in registry.company_freezes:
        frozen |= asks(company.pk)
    return frozen


@atomic
def change_logo(*, picture: bytes | None, actor: User, at: datetime) -> Company:
    """Put a PNG as the logo on the papers of the actor's company from now on, or none.

    :raises NotAllowed: where the actor may not set up the company.
    """
    require(actor, SETS_UP)
    (company,) = own_company(actor).locked()
    company.logo = keep_file(name="logo.png", content=BytesIO(picture), actor=actor, at=at) if picture else None
    company.save(update_fields=["logo"])
    return company


def logo(file_id: int | None) -> str:
    """Return a logo that a paper names as the address of its picture, nothing for none."""
    if not file_id:
        return ""
    return ADDRESS + base64.b64encode(b"".join(parts_of(SourceFile(pk=file_id)))).decode()


@atomic
def change_company(*, said: Mapping[str, Any], actor: User) -> Company:
    """Change what the actor's company says of itself; papers that were posted keep what they say.

    :raises NotAllowed: where the actor may not set up the company.
    :raises Blocked: where a column would change on which other rows rest.
    """
    require(actor, SETS_UP)
    (company,) = own_company(actor).locked()
    for column, reason in frozen_columns(company).items():
        if column in said and said[column] != getattr(company, column):
            raise Blocked(reason)
    for column, value in said.items():
        setattr(company, column, value)
    company.save(update_fields=list(said))
    return company
