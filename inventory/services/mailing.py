"""Supplier orders by e-mail: a person asks for it, a job sends it, and a row says what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

from core import bulk, jobs, transitions
from core.models import User
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic
from inventory.models import SupplierMail, SupplierOrder
from inventory.services.supplying import Done, locked_orders, mark_sent

# In what states an order can go to its supplier, for the first time or once more
SENDABLE = (SupplierOrder.Status.APPROVED, *SupplierOrder.OPEN)


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail as it is sent: in whose name, who gets the answers, what it says, and the paper with it."""

    sender: str
    reply_to: str
    subject: str
    text: str
    file_name: str
    paper: bytes


@atomic
def mail_supplier_orders(*, order_ids: Collection[int], actor: User, at: datetime) -> dict[int, Done | Refused]:
    """Have approved orders sent to their suppliers by e-mail, by a job; sent orders go once more.

    An order counts as sent when its mail has gone. One whose mail is on its way is left as it is.

    :raises NotAllowed: where the actor may not buy.
    :raises Blocked: where Orderly has no mail server.
    """
    require(actor, "inventory.purchase")
    if not settings.SENDS_MAIL:
        raise Blocked("No mail server is set up: print the order, send it yourself, and mark it sent.")
    orders = locked_orders(order_ids, actor, "supplier", "company")
    on_their_way = SupplierMail.objects.filter(order__in=orders, status=SupplierMail.Status.QUEUED)
    queued = set(on_their_way.values_list("order_id", flat=True))
    results: dict[int, Done | Refused] = {}
    mails = []
    for order in orders:
        if order.status not in SENDABLE:
            results[order.pk] = ChangedMeanwhile(f"{order} is {order.get_status_display().lower()}.")
        elif order.company.is_training:
            results[order.pk] = Blocked("A training company sends nothing: mark the order sent instead.")
        elif not order.supplier.email:
            results[order.pk] = Blocked(
                f"{order.supplier} has no e-mail address for orders: give them one, or print {order} and mark it sent."
            )
        else:
            results[order.pk] = Done(order.pk, order.number)
            if order.pk not in queued:
                mails.append(SupplierMail(order=order, address=order.supplier.email, asked_by=actor, asked_at=at))
    bulk.insert(mails)
    for mail in mails:
        jobs.defer("inventory.send_supplier_mail", mail_id=mail.pk)
    return results


@atomic
def send_mail(*, mail_id: int, letter: Letter, at: datetime) -> None:
    """Send a letter that is on its way, and note that its supplier has the order, or why it could not be sent.

    Its rows are locked meanwhile, so that the order is not cancelled while it goes. Where the process dies before the
    commit the supplier gets it twice, under one message id; where it does not, once.
    """
    mails = list(SupplierMail.objects.filter(pk=mail_id, status=SupplierMail.Status.QUEUED).locked())
    if not mails:
        return
    (mail,) = mails
    (order,) = SupplierOrder.objects.filter(pk=mail.order_id).locked()
    mail.reason = _send(mail, letter) if order.status in SENDABLE else f"{order.get_status_display()} meanwhile."
    transitions.apply([mail], "fail" if mail.reason else "deliver", at=at, fields=["reason", "done_at"])
    if not mail.reason:
        mark_sent([order], at)


def _send(mail: SupplierMail, letter: Letter) -> str:
    """Send a letter and return nothing, or why it could not be sent."""
    message = EmailMessage(
        letter.subject,
        letter.text,
        formataddr((letter.sender, settings.DEFAULT_FROM_EMAIL)),
        [mail.address],
        reply_to=[letter.reply_to] if letter.reply_to else [],
        headers={
            "Message-ID": f"<supplier-order.{mail.order_id}.{mail.pk}@{settings.DEFAULT_FROM_EMAIL.partition('@')[2]}>"
        },
    )
    message.attach(letter.file_name, letter.paper, "application/pdf")
    try:
        message.send()
    except SMTPException as error:
        return f"The mail server did not take it: {error}"[:200]
    except OSError as error:
        return f"The mail server could not be reached: {error}"[:200]
    return ""
