"""rebuild_rollups: makes the figures of the manager's page anew from orders, warehouse, shipping and billing."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.models import Company
from dashboards import services


class Command(BaseCommand):
    """Rebuild each company's figures in a transaction of its own; the page shows the old ones until then."""

    help = "Make the figures of the manager's page anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --company."""
        parser.add_argument("--company", help="the code of the one company to do it for")

    def handle(self, *_: Any, company: str | None, **__: Any) -> None:
        """Rebuild.

        :raises CommandError: where there is no such company.
        """
        companies = Company.objects.filter(code=company) if company else Company.objects.all()
        if company and not companies:
            raise CommandError(f"There is no company {company}.")
        for each in companies:
            begun = time.monotonic()
            orders = services.rebuild(company_id=each.pk, at=timezone.now())
            self.stdout.write(f"{each.code}  {each.name}: {orders:,} orders in {time.monotonic() - begun:.0f} s")
