"""Rows of the kernel: companies, people and what they may do."""

import factory
from django.test import Client

from core.models import Company, Membership, NumberSeries, User
from core.roles import Role

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
