"""Supplier orders by e-mail: a row says what came of each, and an order is sent when its mail has gone."""

from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse

from core import letters
from core.letters import Wording
from core.refusals import Blocked, ChangedMeanwhile
from core.roles import Role
from inventory import services, tasks
from inventory.models import Allocation, SupplierMail, SupplierOrder
from inventory.queries.messages import SUPPLIER_ORDER, SUPPLIER_ORDER_MESSAGE
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.supply import ordered, sent, supplier

pytestmark = pytest.mark.django_db


def status(order: SupplierOrder) -> str:
    return SupplierOrder.objects.get(pk=order.pk).status


def ask(house: House, *orders: SupplierOrder) -> dict:
    ids = [order.pk for order in orders]
    return services.mail_supplier_orders(order_ids=ids, actor=house.boss, at=AT)


class TestMail:
    def test_carries_the_paper_and_then_the_order_is_sent_and_gives_dates(self):
        house = House.open()
        type(house.company).objects.filter(pk=house.company.pk).update(email="buying@example.com")
        product = house.product()
        house.order((product, 3))
        order = ordered(house, (product, 5, 5), seller=supplier(house, product, email="orders@acme.example"))
        client = Client()
        buyer = person(Role.PURCHASER, company=house.company)
        client.force_login(buyer, backend="django.contrib.auth.backends.ModelBackend")
        assert client.post(reverse("supply:mail"), {"id": order.pk}).status_code == 302
        ask(house, order)
        (mail,) = SupplierMail.objects.all()
        assert (status(order), mail.status, mail.asked_by) == ("APPROVED", "QUEUED", buyer)
        page = reverse("supply:order", args=[order.pk])
        assert "On its way" in client.get(page).content.decode()
        for _ in range(2):
            tasks.send_supplier_mail(mail.pk)
        (letter,) = outbox.outbox
        assert (letter.to, letter.reply_to) == (["orders@acme.example"], ["buying@example.com"])
        assert letter.subject == f"Purchase order {order.number} from {house.company.name}"
        assert f"our purchase order {order.number} with 1 line, for delivery to Site 1" in letter.body
        ((name, paper, kind),) = letter.attachments
        assert (name, paper[:4], kind) == (f"{order.number}.pdf", b"%PDF", "application/pdf")
        assert (status(order), SupplierMail.objects.get().status) == ("SENT", "SENT")
        assert Allocation.objects.get(status="SOFT").quantity == 3
        assert "orders@acme.example" in client.get(page).content.decode()
        ask(house, order)
        tasks.send_supplier_mail(SupplierMail.objects.first().pk)
        assert (len(outbox.outbox), status(order)) == (2, "SENT")

    def test_is_written_in_the_companys_words_for_the_suppliers_language(self):
        house = House.open()
        german = Wording("Bestellung {number}", "Guten Tag {supplier}")
        letters.keep_wording(
            kind=SUPPLIER_ORDER,
            language="de",
            wording=german,
            seen=SUPPLIER_ORDER_MESSAGE.original.digest,
            actor=house.boss,
        )
        seller = supplier(house, email="orders@acme.example", language="de")
        order = ordered(house, (house.product(), 5, 5), seller=seller)
        ask(house, order)
        tasks.send_supplier_mail(SupplierMail.objects.get().pk)
        (letter,) = outbox.outbox
        assert (letter.subject, letter.body) == (f"Bestellung {order.number}", f"Guten Tag {seller.name}")

    def test_that_fails_says_why_and_leaves_the_order_to_be_sent(self, monkeypatch):
        house = House.open()
        order = ordered(house, (house.product(), 5, 5), seller=supplier(house, email="orders@acme.example"))

        def refuse(*_args, **_kwargs):
            raise SMTPServerDisconnected("Connection closed")

        ask(house, order)
        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
            tasks.send_supplier_mail(SupplierMail.objects.get().pk)
        mail = SupplierMail.objects.get()
        assert (mail.status, mail.reason) == ("FAILED", "The mail server did not take it: Connection closed")
        assert status(order) == "APPROVED"
        client = Client()
        client.force_login(house.boss, backend="django.contrib.auth.backends.ModelBackend")
        assert "E-mail failed" in client.get(reverse("supply:orders"), {"tab": "draft"}).content.decode()
        ask(house, order)
        tasks.send_supplier_mail(SupplierMail.objects.first().pk)
        assert status(order) == "SENT"

    def test_of_an_order_that_was_cancelled_meanwhile_does_not_go(self):
        house = House.open()
        order = ordered(house, (house.product(), 5, 5), seller=supplier(house, email="orders@acme.example"))
        ask(house, order)
        services.cancel_supplier_orders(order_ids=[order.pk], actor=house.boss, at=AT)
        tasks.send_supplier_mail(SupplierMail.objects.get().pk)
        assert (outbox.outbox, SupplierMail.objects.get().reason) == ([], "Cancelled meanwhile.")

    def test_is_refused_where_it_could_not_go(self, settings):
        house = House.open()
        product = house.product()
        silent, done = ordered(house, (product, 5, 5)), sent(house, (product, 5, 5))
        services.cancel_supplier_orders(order_ids=[done.pk], actor=house.boss, at=AT)
        results = ask(house, silent, done)
        assert "has no e-mail address for orders" in str(results[silent.pk])
        assert isinstance(results[done.pk], ChangedMeanwhile)
        type(house.company).objects.filter(pk=house.company.pk).update(is_training=True)
        assert "sends nothing" in str(ask(house, silent)[silent.pk])
        settings.SENDS_MAIL = False
        with pytest.raises(Blocked, match="No mail server is set up"):
            ask(house, silent)
        assert SupplierMail.objects.count() == 0
