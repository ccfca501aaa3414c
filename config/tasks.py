"""The one job of config: making the training company anew, beside the real one."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from config.demo import training

# It takes a minute; waves and orders are completed by the other worker meanwhile
QUEUE = "papers"


@app.task(name="config.make_training_company", queue=QUEUE)
def make_training_company(company_id: int, user_id: int, replaces: int | None) -> None:
    """Make the training company of a real one for all who work there, in place of the one named; once."""
    training.make(company_id=company_id, user_id=user_id, replaces=replaces, now=timezone.now())
