"""Who works for a company, in which roles: taking people on, changing what they may do, letting them go (V4, Q1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from core import access
from core.models import Company, Membership, Session, User
from core.refusals import Blocked, NotAllowed
from core.roles import Role, require
from core.transactions import atomic

ADMINISTERS = "core.administer"
LOCKED_OUT = "You would lock yourself out: let another administrator take this role from you."


@atomic
def take_on(*, email: str, name: str, roles: Collection[str], actor: User) -> Membership:
    """Let a person work for the actor's company; one who has an account already keeps it as it is.

    They sign in by the address that `sign_in_link` gives, where they choose a password.

    :raises NotAllowed: where the actor may not administer.
    :raises Blocked: where no role is given, or the person works here already.
    """
    require(actor, ADMINISTERS)
    address = email.strip().lower()
    chosen = _checked(roles)
    user = User.objects.filter(email=address).first() or User.objects.create_user(address, name=name)
    membership, made = Membership.objects.get_or_create(
        user=user, company_id=actor.company.pk, defaults={"roles": chosen}
    )
    if not made:
        raise Blocked(f"{user} is among your people already: change their roles there.")
    return membership


@atomic
def change_person(*, membership_id: int, name: str, roles: Collection[str], actor: User) -> Membership:
    """Call a person otherwise, and say anew what they may do; it holds from their next click on.

    Somebody who was let go works here again. How somebody is called who works elsewhere too is theirs to say.

    :raises NotAllowed: where the actor may not administer.
    :raises Blocked: where no role is left, or the actor's own right to administer would go.
    :raises Membership.DoesNotExist: where the person is none of the company's.
    """
    membership = _locked(membership_id, actor)
    chosen = _checked(roles)
    if membership.user_id == actor.pk and Role.ADMINISTRATOR not in chosen:
        raise Blocked(LOCKED_OUT)
    membership.roles = chosen
    membership.save(update_fields=["roles"])
    if not works_elsewhere(membership):
        membership.user.name, membership.user.is_active = name, True
        membership.user.save(update_fields=["name", "is_active"])
    return membership


@atomic
def let_go(*, membership_id: int, actor: User) -> Membership:
    """Take all roles from a person; where they work for no other company, their account is closed as well.

    What they did keeps their name. Sent again it changes nothing.

    :raises NotAllowed: where the actor may not administer.
    :raises Blocked: where it is the actor.
    :raises Membership.DoesNotExist: where the person is none of the company's.
    """
    membership = _locked(membership_id, actor)
    if membership.user_id == actor.pk:
        raise Blocked("You cannot let yourself go: another administrator can.")
    membership.roles = []
    membership.save(update_fields=["roles"])
    if not works_elsewhere(membership):
        membership.user.is_active = False
        membership.user.save(update_fields=["is_active"])
        Session.objects.end(membership.user)
    return membership


@atomic
def sign_in_link(*, membership_id: int, actor: User) -> str:
    """Return the path of the page on which a person chooses a password: once, within three days.

    Nobody gets into an account by it that opens another company's doors, or the administration's.

    :raises NotAllowed: where the actor may not administer.
    :raises Blocked: where the account is closed, or opens more than this company.
    :raises Membership.DoesNotExist: where the person is none of the company's.
    """
    membership = _locked(membership_id, actor)
    user = membership.user
    if not user.is_active or not membership.roles:
        raise Blocked(f"{user} does not work here any more: give them a role first.")
    if works_elsewhere(membership) or user.is_staff or user.is_superuser:
        raise Blocked(f"{user}'s account opens more than this company: they change their password themselves.")
    return way_in(user)


def way_in(user: User) -> str:
    """Return the path of the page on which a person chooses a password; whoever calls asks who may hand it out."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("core:choose_password", args=[number, default_token_generator.make_token(user)])


@atomic
def reset_second_step(*, membership_id: int, reason: str, actor: User, at: datetime) -> Membership:
    """Take a person's second step away, who lost what it rests on; they read by whom and why when they sign in next.

    :raises NotAllowed: where the actor may not administer.
    :raises Blocked: where it is the actor, no reason is given, or the account opens more than this company.
    :raises Membership.DoesNotExist: where the person is none of the company's.
    """
    membership = _locked(membership_id, actor)
    user = membership.user
    if user.pk == actor.pk:
        raise Blocked("You cannot reset your own: set up another way under Security, or ask another administrator.")
    if works_elsewhere(membership) or user.is_staff or user.is_superuser:
        raise Blocked(f"{user}'s account opens more than this company: only who runs Orderly resets it.")
    access.reset(user=user, actor=actor, reason=reason, at=at)
    return membership


@atomic
def ask_for_second_step(*, roles: Collection[str], actor: User) -> Company:
    """Let nobody work in these roles without a second step, from their next click on; none asks nobody.

    :raises NotAllowed: where the actor may not administer.
    """
    require(actor, ADMINISTERS)
    (company,) = Company.objects.filter(pk=actor.company.pk).locked()
    company.second_step_roles = [role for role in Role if role in roles]
    company.save(update_fields=["second_step_roles"])
    return company


def works_elsewhere(membership: Membership) -> bool:
    """Say whether a person has an account for another company too."""
    return Membership.objects.filter(user=membership.user_id).exclude(pk=membership.pk).exists()


def _locked(membership_id: int, actor: User) -> Membership:
    """Lock a person's membership and the actor's own, so that two administrators cannot take each other's role.

    :raises NotAllowed: where the actor may not administer, or somebody took that from them a moment ago.
    :raises Membership.DoesNotExist: where the person is none of the company's.
    """
    require(actor, ADMINISTERS)
    rows = Membership.objects.for_user(actor).select_related("user")
    own = Membership.objects.for_user(actor).filter(user=actor).values("pk")
    locked = list(rows.filter(Q(pk=membership_id) | Q(pk__in=own)).locked())
    if not any(row.user_id == actor.pk and Role.ADMINISTRATOR in row.roles for row in locked):
        raise NotAllowed("You are no administrator any more: somebody has just changed that.")
    found = next((row for row in locked if row.pk == membership_id), None)
    if found is None:
        raise Membership.DoesNotExist(f"Nobody of the company is number {membership_id}.")
    return found


def _checked(roles: Collection[str]) -> list[Role]:
    """Return roles in their own order.

    :raises Blocked: where there is none.
    """
    chosen = [role for role in Role if role in roles]
    if not chosen:
        raise Blocked("Choose at least one role.")
    return chosen
