"""People, companies, what they may do, numbers and keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

import pghistory
import pgtrigger
from babel import Locale, UnknownLocaleError
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower, Now

from core.locking import LockingQuerySet
from core.roles import VERBS, Role
from core.working_days import WorkingDays


def validate_time_zone(name: str) -> None:
    """Check that a name is a time zone of the IANA database.

    :raises ValidationError: where it is not.
    """
    if name not in available_timezones():
        raise ValidationError(f"{name} is not a time zone, such as Europe/London.")


def validate_language(code: str) -> None:
    """Check that a code is a language in which figures and countries can be written.

    :raises ValidationError: where it is not.
    """
    try:
        Locale.parse(code, sep="-" if "-" in code else "_")
    except (ValueError, UnknownLocaleError) as error:
        raise ValidationError(f"{code} is not a language, such as en or de-AT.") from error


class CompanyQuerySet(LockingQuerySet):
    """Rows that carry a company."""

    def for_user(self, user: User) -> Self:
        """Return the rows of the companies that the user belongs to."""
        return self.filter(company_id__in=user.company_ids)


@pghistory.track()
class Company(WorkingDays, models.Model):
    """A legal entity that sells. Everything in Orderly belongs to one, and rows refer only to rows of their own.

    Its own working days hold for whoever of it names no calendar; without weekdays it works on all.
    """

    name = models.CharField(max_length=120)
    code = models.SlugField(max_length=20, unique=True)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    vat_number = models.CharField(max_length=30, blank=True)
    registration_number = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    bank_name = models.CharField(max_length=80, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    # From when on the company works with Orderly; what is dated earlier is its past, taken over
    live_on = models.DateField(null=True, blank=True)
    # In which partners are written to of whom nothing else is said
    language = models.CharField(max_length=10, default="en", db_default="en", validators=[validate_language])
    # A PNG, as core.pictures makes it
    logo = models.ForeignKey(
        "core.SourceFile", on_delete=models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    weekdays = ArrayField(
        models.SmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=list,
        db_default=Value([], ArrayField(models.SmallIntegerField())),
        blank=True,
    )
    holidays = ArrayField(
        models.DateField(), default=list, db_default=Value([], ArrayField(models.DateField())), blank=True
    )
    # In which roles nobody works without a second step
    second_step_roles = ArrayField(
        models.CharField(max_length=30, choices=Role.choices), default=list, blank=True, editable=False
    )
    # To practice in: nothing of it is real, and every page says so
    is_training = models.BooleanField(default=False, editable=False)

    objects = LockingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        ordering: ClassVar[Sequence[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the company's business days begin and end."""
        return ZoneInfo(self.time_zone)

    def local(self, at: datetime) -> datetime:
        """Return a moment on the company's clock: its date is the company's day."""
        return at.astimezone(self.zone)


class UserManager(BaseUserManager["User"]):
    """Makes people; e-mail addresses are kept in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person with an e-mail address, however it is capitalized."""
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a person who can sign in with a password, or cannot where it is None."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a person who may enter the admin and do everything there."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address. What they may do is said per company by Membership."""

    class Theme(models.TextChoices):
        AUTO = "auto", "As the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=10, default="en", validators=[validate_language])
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    companies: Any = models.ManyToManyField(Company, through="Membership", related_name="+")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may enter the admin", default=False)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    # The company that a person of several chose for this session
    chosen_company_id: int | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_in_lower_case")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def jobs(self) -> list[Membership]:
        """Where this person may work: one membership for each of their companies."""
        return list(Membership.objects.filter(user_id=self.pk).order_by("company_id").select_related("company"))

    @cached_property
    def membership(self) -> Membership | None:
        """Where this person works now: the company they chose, or their first.

        What they are elsewhere does not count here.
        """
        chosen = (job for job in self.jobs if job.company_id == self.chosen_company_id)
        return next(chosen, self.jobs[0] if self.jobs else None)

    @property
    def company_ids(self) -> list[int]:
        """The companies whose rows this person sees: the one they work for now."""
        return [self.membership.company_id] if self.membership else []

    @property
    def company(self) -> Company:
        """The company this person works for now.

        :raises Company.DoesNotExist: where they belong to none.
        """
        if self.membership is None:
            raise Company.DoesNotExist(f"{self} belongs to no company.")
        return self.membership.company

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Everything this person may do in the company they work for now."""
        if not self.is_active:
            return frozenset()
        return frozenset().union(*(VERBS[role] for role in self.roles))

    @property
    def roles(self) -> list[Role]:
        """The person's roles in the company they work for now."""
        return [Role(role) for role in self.membership.roles] if self.membership else []

    @property
    def owes_second_step(self) -> bool:
        """Whether the company lets nobody work in one of the person's roles without a second step."""
        asked = self.membership.company.second_step_roles if self.membership else []
        return any(role in asked for role in self.roles)

    def can(self, verb: str) -> bool:
        """Say whether one of the person's roles includes the verb, such as "orders.confirm"."""
        return verb in self.verbs


@pghistory.track()
class Membership(models.Model):
    """That a person works for a company, in these roles."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    roles = ArrayField(models.CharField(max_length=30, choices=Role.choices), default=list)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "user"], name="membership_one_per_company_and_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.company}"

    @property
    def role_names(self) -> list[str]:
        """The roles in words."""
        return [str(Role(role).label) for role in self.roles]


_GOES_ON = pgtrigger.Protect(
    name="goes_on_as_it_began",
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition(
        "OLD.next_value > OLD.first_value AND (NEW.next_value < OLD.next_value OR"
        " (NEW.company_id, NEW.kind, NEW.year, NEW.prefix, NEW.digits, NEW.first_value)"
        " <> (OLD.company_id, OLD.kind, OLD.year, OLD.prefix, OLD.digits, OLD.first_value))"
    ),
)
_CHOSEN = ["prefix", "digits", "first_value"]


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange(*_CHOSEN), row=pghistory.Old),
    fields=_CHOSEN,
    model_name="NumberSeriesHistory",
    obj_field=pghistory.ObjForeignKey(related_name="history"),
)
class NumberSeries(models.Model):
    """A gapless series of one company, kind and year, which begins where the company chose.

    Once a number is given it goes on as it began, and never back (a trigger). Its row is locked last, for one statement
    (PRODUCT.md rule 15).
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    prefix = models.CharField(max_length=10)
    digits = models.PositiveSmallIntegerField("digits at least", default=6, db_default=6)
    first_value = models.BigIntegerField(default=1, db_default=1)
    next_value = models.BigIntegerField(default=1)
    last_on = models.DateField(null=True, blank=True)
    last_hash = models.CharField(max_length=64, blank=True)

    objects = LockingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "number series"
        triggers: ClassVar[list[pgtrigger.Trigger]] = [_GOES_ON]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "kind", "year"], name="numberseries_one_per_company_kind_year"),
            models.CheckConstraint(
                condition=models.Q(first_value__gte=1, next_value__gte=models.F("first_value")),
                name="numberseries_goes_on_from_its_first",
            ),
            models.CheckConstraint(condition=models.Q(digits__range=(1, 12)), name="numberseries_digits_in_bounds"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"

    @property
    def next_number(self) -> str:
        """The number that the next document gets, as core.sql.TAKE_GAPLESS writes it."""
        return f"{self}-{self.next_value:0{self.digits}}"

    @property
    def given(self) -> int:
        """How many numbers were given."""
        return self.next_value - self.first_value


class IdempotencyKey(models.Model):
    """One keyed request of one person: the digest of what was asked and the reference of what it made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    verb = models.CharField(max_length=60)
    request_digest = models.CharField(max_length=64)
    reference = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotencykey_one_per_user_and_key")
        ]

    def __str__(self) -> str:
        return self.key
