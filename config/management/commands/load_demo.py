"""load_demo: a real business to try Orderly with, its past taken through the real services (config/demo/README.md)."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from config.demo import reference, today, training
from config.demo.history import History
from core.models import Company, User
from dashboards import services as dashboards_services
from inventory import services as inventory_services


class Command(BaseCommand):
    """Load the demo company once, with eight months behind it and work waiting in every queue."""

    help = "Load the demo company through the real services, unless there is a company already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --if-empty and --print-logins."""
        parser.add_argument("--if-empty", action="store_true", help="say nothing where there is a company already")
        parser.add_argument("--print-logins", action="store_true", help="only print the demo's logins")

    def handle(self, *_: Any, if_empty: bool, print_logins: bool, **__: Any) -> None:
        """Load the demo, or print its logins.

        :raises CommandError: in production, or where there is a company already and --if-empty was not given.
        """
        if settings.PRODUCTION:
            raise CommandError("The demo has well-known passwords: it is not for production.")
        if print_logins:
            self.print_logins()
            return
        if Company.objects.exists():
            if if_empty:
                return
            raise CommandError("There is a company already: the demo is loaded into an empty database only.")
        self.load()

    def load(self) -> int:
        """Take a company's past and today's work through the services, with progress; return the rows taken in."""
        begun = time.monotonic()
        now = timezone.now()
        company = reference.make_company(live_on=now.date() - today.LIVE_FOR)
        plan = training.history()
        world = reference.make_world(company, reference.make_people(company), since=today.beginning(plan, now))
        self.stdout.write(f"    {len(world.products):,} products, {len(world.customers):,} customers")
        # The first statements would be planned for empty tables
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE")
        history = History(world, plan, today.pace_of(plan, now), self.stdout.write)
        played = history.play()
        today.open_work(history)
        inventory_services.reckon_planning(actor=None, at=now)
        dashboards_services.rebuild(company_id=company.pk, at=now)
        seconds = time.monotonic() - begun
        rows = len(played.done)
        self.stdout.write(
            f"    demo company ready in {seconds:.0f} s: {rows:,} rows at {rows / seconds:,.0f} rows/s,"
            f" {len(played.refused)} refused with their reason"
        )
        return rows

    def print_logins(self) -> None:
        """Print the demo's people, where they are still there with the demo's password."""
        emails = [email for email, _name, _role in reference.PEOPLE]
        known = {user.email: user for user in User.objects.filter(email__in=emails)}
        if not known:
            return
        self.stdout.write(f"  Sign in with the password {reference.PASSWORD}")
        for email, _name, role in reference.PEOPLE:
            if email in known:
                self.stdout.write(f"    {email:24} {role.label}")
