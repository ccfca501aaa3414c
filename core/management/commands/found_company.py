"""found_company: an empty company with its first administrator, with which a production installation starts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.companies import found_company
from core.history import attributed_to
from core.refusals import Refused


class Command(BaseCommand):
    """Make a company and its first administrator, and print their way in."""

    help = "Make an empty company with its first administrator, and print the link on which they choose a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the company is called and where it is, and who administers it."""
        parser.add_argument("code", help="short, for those who run Orderly: letters, digits and dashes")
        parser.add_argument("name", help="as its papers say it")
        parser.add_argument("--country", required=True, help="two letters, such as GB")
        parser.add_argument("--currency", required=True, help="in which its books are kept, such as GBP")
        parser.add_argument("--time-zone", required=True, help="such as Europe/London")
        parser.add_argument("--administrator", required=True, metavar="EMAIL", help="the address they sign in with")
        parser.add_argument("--administrator-name", required=True, metavar="NAME")

    def handle(self, *_: Any, code: str, name: str, **said: Any) -> None:
        """Found it.

        :raises CommandError: where there is such a company, or what is said of it cannot be.
        """
        try:
            with attributed_to(lambda: {"command": "found_company"}):
                founded = found_company(
                    code=code.strip(),
                    name=name.strip(),
                    country=said["country"].strip().upper(),
                    currency=said["currency"].strip().upper(),
                    time_zone=said["time_zone"].strip(),
                    email=said["administrator"],
                    person_name=said["administrator_name"].strip(),
                )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        host = next((host for host in settings.ALLOWED_HOSTS if host[0] not in "*."), "your-host")
        self.stdout.write(f"{founded.company} is founded.")
        if founded.way_in:
            self.stdout.write(f"{founded.administrator} chooses a password at, once, within three days:")
            self.stdout.write(f"  https://{host}{founded.way_in}")
        else:
            self.stdout.write(f"{founded.administrator} signs in as before, and chooses the company.")
        self.stdout.write(f"What there is to set up stands at https://{host}/setup/.")
