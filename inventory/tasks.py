"""Inventory's jobs: pegging what waits to what comes, telling what is late, sending what is ordered, and planning."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from core import letters
from inventory import documents, services
from inventory.queries import supply as supply_queries
from inventory.queries.messages import SUPPLIER_ORDER


@app.task(name="inventory.peg_demands")
def peg_demands(product_ids: list[int]) -> None:
    """Promise what is on its way to demands of products that wait; safe to run twice."""
    services.peg_demands(product_ids=product_ids, at=timezone.now())


@app.task(name="inventory.send_supplier_mail", queue="papers")
def send_supplier_mail(mail_id: int) -> None:
    """Send an order to its supplier as a paper with a letter; what has gone or failed is not sent again."""
    paper = supply_queries.paper_to_send(mail_id)
    if paper is not None:
        wording = letters.wording_for(
            company_id=paper["company_id"], kind=SUPPLIER_ORDER, language=paper["supplier"]["language"]
        )
        services.send_mail(mail_id=mail_id, letter=documents.letter(paper, wording), at=timezone.now())


@app.periodic(cron="15 3 * * *")
@app.task(name="inventory.reckon_planning", queueing_lock="inventory.reckon_planning", queue="papers")
def reckon_planning(timestamp: int) -> None:
    """Reckon what planning says of stock anew in all companies; every night, and safe to run at any time."""
    services.reckon_planning(actor=None, at=timezone.now())


@app.periodic(cron="5 * * * *")
@app.task(name="inventory.note_late_supply", queueing_lock="inventory.note_late_supply")
def note_late_supply(timestamp: int) -> None:
    """Take the date from promises whose supplier is late; every hour, and safe to run at any time."""
    services.note_late(at=timezone.now())
