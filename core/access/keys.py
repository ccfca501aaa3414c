"""A person's passkeys: added, named, removed, and the way in by one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.access import passkeys
from core.access.passkeys import Site
from core.access.steps import Kind, drop_idle_codes, first_codes, hold, keep_one, record
from core.access.whence import Whence
from core.models import Passkey, SecondStep, User
from core.refusals import Blocked
from core.transactions import atomic

MOST = 20


@atomic
def add_passkey(
    *, user: User, site: Site, state: dict[str, Any], answer: str, name: str, whence: Whence, at: datetime
) -> list[str] | None:
    """Keep a passkey that a device made; return the recovery codes that come with a first second step, or none.

    :raises Blocked: where the device's answer is not to what it was asked, or the passkey is kept already.
    """
    hold(user)
    made = passkeys.made(site, state, answer)
    if made is None:
        raise Blocked("The device's answer could not be used: try again.")
    credential_id, credential, count = made
    kept = Passkey.objects.filter(user=user).count()
    if kept >= MOST:
        raise Blocked(f"You have {MOST} passkeys: remove one that you do not use any more.")
    _, is_new = Passkey.objects.get_or_create(
        credential_id=credential_id,
        defaults={
            "user": user,
            "name": name.strip()[:60] or f"Passkey {kept + 1}",
            "credential": credential,
            "sign_count": count,
            "added_at": at,
        },
    )
    if not is_new:
        raise Blocked("That passkey is kept here already.")
    record(user, Kind.PASSKEY_ADDED, whence, at, by=user, note=name.strip()[:60])
    return first_codes(user)


@atomic
def name_passkey(*, user: User, passkey_id: int, name: str) -> bool:
    """Call a passkey otherwise; say whether it is there."""
    chosen = name.strip()[:60]
    return bool(chosen and Passkey.objects.filter(user=user, pk=passkey_id).update(name=chosen))


@atomic
def remove_passkey(*, user: User, passkey_id: int, whence: Whence, at: datetime) -> bool:
    """Forget a passkey, with the last way the recovery codes; say whether it was there."""
    hold(user)
    found = Passkey.objects.filter(user=user, pk=passkey_id).first()
    if found is None:
        return False
    has_app = SecondStep.objects.filter(user=user).exclude(secret="").exists()
    keep_one(user, has_app or Passkey.objects.filter(user=user).exclude(pk=passkey_id).exists())
    found.delete()
    record(user, Kind.PASSKEY_REMOVED, whence, at, by=user, note=found.name)
    drop_idle_codes(user)
    return True


@atomic
def check_passkey(*, user: User | None, site: Site, state: dict[str, Any], answer: str, at: datetime) -> User | None:
    """Return whose passkey signed what was asked, once; nothing where none of theirs did.

    `user` is who owes a second step; without one the passkey says who it is. What was asked before the passkey was last
    used is worth nothing any more, so that an answer that somebody overheard opens nothing.
    """
    signed = passkeys.read(answer)
    if signed is None:
        return None
    for passkey in Passkey.objects.filter(credential_id=signed.credential_id).select_related("user").locked():
        owner: User = passkey.user
        is_theirs = owner == user if user else signed.user_handle == passkeys.handle(owner)
        is_copied = bool(signed.count or passkey.sign_count) and signed.count <= passkey.sign_count
        is_old = passkey.used_at is not None and datetime.fromisoformat(state["at"]) <= passkey.used_at
        if not owner.is_active or not is_theirs or is_copied or is_old:
            continue
        if passkeys.holds(site, state, answer, passkey):
            passkey.sign_count, passkey.used_at = signed.count, at
            passkey.save(update_fields=["sign_count", "used_at"])
            return owner
    return None
