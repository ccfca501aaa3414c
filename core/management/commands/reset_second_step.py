"""reset_second_step: the way back for an administrator who lost the device and the recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core import access
from core.models import User


class Command(BaseCommand):
    """Take a person's second step away; they read why when they sign in next."""

    help = "Take the second step from a person who lost what it rests on, and sign them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose, and why."""
        parser.add_argument("email", help="the address by which they sign in")
        parser.add_argument("--reason", required=True, help="kept for good, and shown to the person")

    def handle(self, *_: Any, email: str, reason: str, **__: Any) -> None:
        """Reset it.

        :raises CommandError: where nobody has that address, or no reason is given.
        """
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {email}.")
        if not reason.strip():
            raise CommandError("Say why: the person reads it.")
        access.reset(user=user, actor=None, reason=reason, at=timezone.now())
        self.stdout.write(f"{user} signs in by the password alone, until they set up another second step.")
