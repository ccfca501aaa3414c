"""The second step: set up, asked for, taken away; and ending sessions. Every change leaves an event."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.access import totp
from core.access.sealing import seal, unseal
from core.access.whence import Whence
from core.models import AccessEvent, Passkey, RecoveryCode, SecondStep, Session, User
from core.refusals import Blocked
from core.transactions import atomic

APP, RECOVERY_CODE = "authenticator app", "recovery code"
CODES = 10
# Without letters and digits that are read for one another
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 4, 4
# So many wrong codes in a row close the second step for a while, whoever types them
MOST_WRONG = 5
CLOSED_FOR = timedelta(minutes=15)
ANYWHERE = Whence()
Kind = AccessEvent.Kind


@dataclass(frozen=True, slots=True)
class Ways:
    """By what a person can take the second step, and how many recovery codes they have left."""

    app_added_at: datetime | None
    passkeys: list[Passkey]
    codes_left: int

    def __bool__(self) -> bool:
        return self.app_added_at is not None or bool(self.passkeys)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a code: by which way it passed, or until when no further one is taken."""

    way: str = ""
    closed_until: datetime | None = None


def ways(user: User) -> Ways:
    """Return by what a person can take the second step."""
    step = SecondStep.objects.filter(user=user).first()
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    passkeys = list(Passkey.objects.filter(user=user).order_by("pk"))
    return Ways(step.app_added_at if step and step.secret else None, passkeys, left)


def needs_second_step(user: User) -> bool:
    """Say whether a password alone does not let a person in."""
    app = SecondStep.objects.filter(user=user).exclude(secret="")
    return app.exists() or Passkey.objects.filter(user=user).exists()


def person_behind(number: int) -> User | None:
    """Return who has an open account of this number: at the door there is no company yet that would narrow it."""
    return User.objects.filter(pk=number, is_active=True).first()


def sessions(user: User, at: datetime) -> QuerySet[Session]:
    """Return where a person is signed in, the last used first."""
    return Session.objects.filter(user=user, expire_date__gt=at).order_by("-seen_at", "session_key")


def happened(user: User) -> QuerySet[AccessEvent]:
    """Return what happened to a person's access, newest first."""
    return AccessEvent.objects.filter(user=user).select_related("actor").order_by("-pk")


def resets_since(user: User, moment: datetime | None) -> list[AccessEvent]:
    """Return when others took the person's second step away since a moment."""
    resets = AccessEvent.objects.filter(user=user, kind=Kind.RESET)
    return list((resets.filter(at__gt=moment) if moment else resets).order_by("pk"))


@atomic
def confirm_app(*, user: User, secret: str, code: str, whence: Whence, at: datetime) -> list[str] | None:
    """Set up an authenticator app whose code was typed, in place of one before; return new recovery codes.

    Nothing is kept and nothing returned where the code is not the secret's.
    """
    step = hold(user)
    counter = totp.matching_counter(secret, code, at)
    if counter is None:
        return None
    step.secret, step.app_added_at, step.last_counter = seal(secret), at, counter
    step.wrong_codes, step.closed_until = 0, None
    step.save()
    record(user, Kind.APP_ADDED, whence, at, by=user)
    return _new_codes(user)


@atomic
def remove_app(*, user: User, whence: Whence, at: datetime) -> None:
    """Forget the authenticator app; with the last way the recovery codes go as well. Sent again it changes nothing."""
    step = hold(user)
    if not step.secret:
        return
    keep_one(user, Passkey.objects.filter(user=user).exists())
    step.secret, step.app_added_at = "", None
    step.save()
    record(user, Kind.APP_REMOVED, whence, at, by=user)
    drop_idle_codes(user)


@atomic
def make_codes(*, user: User, whence: Whence, at: datetime) -> list[str]:
    """Make recovery codes in place of those before, and return them: this is the only time that they can be read.

    :raises Blocked: where there is no second step that they could stand in for.
    """
    hold(user)
    if not needs_second_step(user):
        raise Blocked("Set up a second step first: recovery codes stand in for it.")
    record(user, Kind.CODES, whence, at, by=user)
    return _new_codes(user)


@atomic
def check_code(*, user: User, code: str, whence: Whence, at: datetime) -> Answer:
    """Take a code of the app, or a recovery code, once; a wrong one is counted, and too many close the second step."""
    step = hold(user)
    if step.closed_until and step.closed_until > at:
        return Answer(closed_until=step.closed_until)
    typed = re.sub(r"[\s-]", "", code).lower()
    way = _passes(step, typed, at)
    if way:
        step.wrong_codes, step.closed_until = 0, None
    else:
        step.wrong_codes += 1
        if step.wrong_codes >= MOST_WRONG:
            step.wrong_codes, step.closed_until = 0, at + CLOSED_FOR
            record(user, Kind.CLOSED, whence, at, by=user, note=f"{MOST_WRONG} in a row")
    step.save()
    return Answer(way, step.closed_until)


@atomic
def reset(*, user: User, actor: User | None, reason: str, at: datetime) -> None:
    """Take a person's second step away, for who lost what it rests on, and sign them out everywhere.

    Whether the actor may is asked before; nobody is the actor where it is done on the server itself.

    :raises Blocked: where no reason is given.
    """
    if not reason.strip():
        raise Blocked("Say why: the person reads it.")
    hold(user)
    SecondStep.objects.filter(user=user).delete()
    Passkey.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    Session.objects.end(user)
    record(user, Kind.RESET, ANYWHERE, at, by=actor, note=reason.strip()[:200])


@atomic
def end_session(*, user: User, name: str, whence: Whence, at: datetime) -> bool:
    """Sign a person out of one browser, named by the digest of its session; say whether it was there."""
    found = next((row for row in sessions(user, at) if name_of(row.session_key) == name), None)
    if found is None:
        return False
    found.delete()
    record(user, Kind.SIGNED_OUT, whence, at, by=user, note=found.device)
    return True


@atomic
def end_sessions(*, user: User, but: str | None, whence: Whence, at: datetime) -> int:
    """Sign a person out everywhere else; return of how many browsers."""
    ended = Session.objects.end(user, but=but)
    if ended:
        record(user, Kind.SIGNED_OUT, whence, at, by=user, note=f"{ended} at once")
    return ended


@atomic
def note_password(*, user: User, but: str | None, whence: Whence, at: datetime) -> None:
    """Sign a person out everywhere else, whose password is another one now."""
    Session.objects.end(user, but=but)
    record(user, Kind.PASSWORD, whence, at, by=user)


def note_sign_in(*, user: User, how: str, whence: Whence, at: datetime) -> None:
    """Record that a person came in, and by what."""
    record(user, Kind.SIGNED_IN, whence, at, by=user, note=f"by {how}" if how else "")


def name_of(session_key: str) -> str:
    """Return a name for a session that is worth nothing to who reads it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


def record(user: User, kind: Kind, whence: Whence, at: datetime, *, by: User | None, note: str = "") -> None:
    """Note a fact about somebody's access, for good."""
    address, device = whence.address, whence.device
    AccessEvent.objects.create(user=user, kind=kind, actor=by, at=at, address=address, device=device, note=note)


def first_codes(user: User) -> list[str] | None:
    """Return recovery codes for who has none yet; codes that were made before stay as they are."""
    return None if RecoveryCode.objects.filter(user=user).exists() else _new_codes(user)


def keep_one(user: User, has_another: bool) -> None:
    """Check that a way can be removed.

    :raises Blocked: where it is the last, and the company asks for a second step.
    """
    if user.owes_second_step and not has_another:
        raise Blocked("Your company asks for a second step in your role: set up another one first.")


def drop_idle_codes(user: User) -> None:
    """Forget recovery codes where no second step is left that they could stand in for."""
    if not needs_second_step(user):
        RecoveryCode.objects.filter(user=user).delete()


def hold(user: User) -> SecondStep:
    """Lock a person's second step until the transaction ends, whatever of it is changed, and return it."""
    SecondStep.objects.get_or_create(user=user)
    (step,) = SecondStep.objects.filter(user=user).locked()
    return step


def _passes(step: SecondStep, typed: str, at: datetime) -> str:
    """Return by which way a code passes, and use it up; nothing where it is wrong."""
    secret = unseal(step.secret) if step.secret else None
    counter = totp.matching_counter(secret, typed, at) if secret else None
    if counter is not None and counter > step.last_counter:
        step.last_counter = counter
        return APP
    for code in RecoveryCode.objects.filter(user=step.user_id, digest=_digest(typed), used_at=None).locked():
        code.used_at = at
        code.save(update_fields=["used_at"])
        return RECOVERY_CODE
    return ""


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP)) for _ in range(CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return ["-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP)) for code in codes]


def _digest(code: str) -> str:
    # Nearly 80 bits of chance need no slow hash
    return hashlib.sha256(code.encode()).hexdigest()
