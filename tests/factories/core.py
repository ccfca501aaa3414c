"""Rows of the kernel: companies, people and what they may do."""

import io
from datetime import UTC, datetime

import factory
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from core import intake, tasks
from core.models import Company, FileImport, Membership, NumberSeries, User
from core.roles import Role

FILE_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


class CompanyFactory(factory.django.DjangoModelFactory):
    """A company in London that counts in pounds."""

    name = factory.Sequence("Company {}".format)
    code = factory.Sequence("company-{}".format)
    country = "GB"
    currency = "GBP"
    time_zone = "Europe/London"

    class Meta:
        model = Company


class UserFactory(factory.django.DjangoModelFactory):
    """A person with a password, who belongs to no company yet."""

    email = factory.Sequence("person{}@orderly.example".format)
    name = factory.Sequence("Person {}".format)
    password = PASSWORD

    class Meta:
        model = User
        skip_postgeneration_save = True

    @classmethod
    def _create(cls, model_class: type[User], *args: object, **kwargs: object) -> User:
        return model_class.objects.create_user(*args, **kwargs)


class MembershipFactory(factory.django.DjangoModelFactory):
    """That a person works for a company, in no role unless said otherwise."""

    user = factory.SubFactory(UserFactory)
    company = factory.SubFactory(CompanyFactory)
    roles = factory.List([])

    class Meta:
        model = Membership


class NumberSeriesFactory(factory.django.DjangoModelFactory):
    """A gapless series of invoices."""

    company = factory.SubFactory(CompanyFactory)
    kind = "INVOICE"
    year = 2026
    prefix = "INV"

    class Meta:
        model = NumberSeries


def person(*roles: Role, company: Company | None = None, **fields: object) -> User:
    """Make a person who works for a company (a new one unless given) in these roles."""
    user = UserFactory(**fields)
    MembershipFactory(user=user, company=company or CompanyFactory(), roles=list(roles))
    return user


def signed_in(user: User) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)
    return client


def checked_file(kind: str, data: str | bytes, actor: User, *, name: str = "rows.csv") -> FileImport:
    """Send a file that nobody maps by hand, and have every row tried."""
    content = io.BytesIO(data.encode() if isinstance(data, str) else data)
    run = intake.receive(kind=kind, name=name, content=content, actor=actor, at=FILE_AT)
    intake.check_file(import_id=run.pk, actor=actor, at=FILE_AT, in_background=False)
    return intake.run_to_end(import_id=run.pk, clock=lambda: FILE_AT, progress=lambda run: None)


def loaded_file(kind: str, data: str | bytes, actor: User, *, name: str = "rows.csv") -> FileImport:
    """Send a file, have every row tried, and take the good ones in."""
    run = checked_file(kind, data, actor, name=name)
    intake.load_file(import_id=run.pk, actor=actor, at=FILE_AT, in_background=False)
    return intake.run_to_end(import_id=run.pk, clock=lambda: FILE_AT, progress=lambda run: None)


def refused_rows(run: FileImport) -> list[tuple[int, str, str]]:
    """Return the line, column and reason of each refused row."""
    return list(run.staged.filter(state="R").order_by("number").values_list("number", "column", "reason"))


def work_imports() -> None:
    """Do what the worker would do with the files that wait to be read or loaded."""
    for job in ProcrastinateJob.objects.filter(task_name="core.advance_import"):
        tasks.advance_import(**job.args)
