"""Who is signed in where, by what second step, and what happened to anybody's access."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pgtrigger
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.ledger import append_only
from core.locking import LockingQuerySet
from core.models.house import User

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


class SessionQuerySet(models.QuerySet["Session"]):
    """Browsers that are signed in, or stand at the door."""

    def end(self, user: User, *, but: str | None = None) -> int:
        """Sign a person out everywhere but in one session; return of how many browsers."""
        return self.filter(user=user).exclude(session_key=but or "").delete()[0]


class Session(AbstractBaseSession):
    """One browser's session, with whose it is and whence: a row that is deleted signs that browser out.

    What is told of it is taken from its data at every save, so it costs no statement of its own; when it was last seen
    is written now and then (core.middleware).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=60, blank=True)
    began_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    objects = BaseSessionManager.from_queryset(SessionQuerySet)()  # type: ignore[misc]

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Sessions are read and written by the store of core.sessions, which stands above."""
        raise NotImplementedError


class SecondStep(models.Model):
    """What a person's second step rests on beside passkeys: an authenticator app's secret, sealed; and wrong codes.

    The row is locked for every code that is tried, so no code counts twice and no guess goes uncounted.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    # Empty where no app is set up
    secret = models.TextField(blank=True, default="")
    app_added_at = models.DateTimeField(null=True)
    # The newest half minute whose code was taken: it and what came before are worth nothing any more
    last_counter = models.BigIntegerField(default=0)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    closed_until = models.DateTimeField(null=True)

    objects = LockingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Second step of {self.user}"


class RecoveryCode(models.Model):
    """One code that stands in for a lost device, once. Kept as a digest: nobody can read it again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    objects = LockingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "digest"], name="recoverycode_one_per_user_and_digest")
        ]

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"


class Passkey(models.Model):
    """A key pair that a device keeps for a person: here is the half that only tells whether the other half signed."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    credential_id = models.CharField(max_length=1400, unique=True)
    credential = models.BinaryField()
    # Devices that count their answers are known by it where one was copied; most say 0
    sign_count = models.BigIntegerField(default=0)
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = LockingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class AccessEvent(models.Model):
    """A fact about somebody's access: who did what, when and whence. Rows are only ever added."""

    class Kind(models.TextChoices):
        SIGNED_IN = "SIGNED_IN", "Signed in"
        SIGNED_OUT = "SIGNED_OUT", "Signed out elsewhere"
        PASSWORD = "PASSWORD", "Password changed"
        APP_ADDED = "APP_ADDED", "Authenticator app set up"
        APP_REMOVED = "APP_REMOVED", "Authenticator app removed"
        CODES = "CODES", "New recovery codes"
        PASSKEY_ADDED = "PASSKEY_ADDED", "Passkey added"
        PASSKEY_REMOVED = "PASSKEY_REMOVED", "Passkey removed"
        CLOSED = "CLOSED", "Too many wrong codes"
        RESET = "RESET", "Second step reset"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Whose hand it was; nobody where it was done on the server itself
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user", "-id"], name="accessevent_user_latest")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(kind="RESET") | ~Q(note=""), name="accessevent_reset_has_reason")
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
