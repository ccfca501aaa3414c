"""Ten real orders in Chromium, from the file on the import page to paid invoices, by the order page's buttons."""

import csv
import io
import re

import pytest
from django.core.management import call_command
from django.db.models import F, Sum
from django.urls import reverse
from playwright.sync_api import expect

from billing import tasks
from billing.models import Invoice
from config.demo import reference
from orders.models import SalesOrder
from tests.factories.core import work_imports
from tests.factories.demo import open_demo

ORDERS = 10


def first_orders(count: int) -> tuple[bytes, int]:
    """Return the demo's file cut to the rows of its first orders, and how many rows those are."""
    rows = [row for row in reference.rows("orders.csv") if row["CustomerID"] and not row["InvoiceNo"].startswith("C")]
    numbers = list(dict.fromkeys(row["InvoiceNo"] for row in rows))[:count]
    chosen = [row for row in rows if row["InvoiceNo"] in numbers]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(chosen[0]))
    writer.writeheader()
    writer.writerows(chosen)
    return text.getvalue().encode(), len(chosen)


@pytest.mark.django_db(transaction=True)
def test_ten_real_orders_become_paid_invoices(page, sign_in):
    sign_in(open_demo())
    data, rows = first_orders(ORDERS)
    page.goto(f"{reverse('core:import_file')}?kind=orders")
    page.set_input_files("#id_file", {"name": "orders.csv", "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name=re.compile("^Look at the file")).click()
    page.get_by_role("button", name=re.compile("^Check every row")).click()
    expect(page.locator("#import")).to_contain_text("Reading the file")
    work_imports()
    page.get_by_role("button", name=re.compile("^Load [0-9]+ rows")).click()
    expect(page.locator("#import")).to_contain_text("Loading")
    work_imports()
    expect(page.locator("#import")).to_contain_text("made or changed")
    orders = list(SalesOrder.objects.order_by("pk"))
    assert len(orders) == ORDERS
    assert SalesOrder.objects.aggregate(lines=Sum("lines__quantity"))["lines"] > rows

    for order in orders:
        page.goto(reverse("orders:detail", args=[order.pk]))
        for verb, next_verb in (
            ("Confirm", "Release"),
            ("Release", "Pick all"),
            ("Pick all", "Pack"),
            ("Pack", "Dispatch"),
        ):
            page.get_by_role("button", name=re.compile(rf"^{verb}")).click()
            expect(page.get_by_role("button", name=re.compile(rf"^{next_verb}"))).to_be_enabled()
        page.get_by_role("button", name=re.compile("^Dispatch")).click()
        page.get_by_label("Carrier").fill("Parcel van")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text(" dispatched.")).to_be_visible()
        page.goto(reverse("orders:detail", args=[order.pk]))
        page.get_by_role("button", name=re.compile("^Invoice")).click()
        expect(page.get_by_role("button", name=re.compile("^Record as paid"))).to_be_enabled()
        page.get_by_role("button", name=re.compile("^Record as paid")).click()
        page.get_by_role("dialog").get_by_role("button", name="Record as paid").click()
        expect(page.locator("main header, main").first).to_contain_text("Paid")

    invoices = Invoice.objects.order_by("pk")
    assert [int(number.rsplit("-", 1)[1]) for number in invoices.values_list("number", flat=True)] == list(
        range(1, ORDERS + 1)
    )
    assert not invoices.exclude(settled=F("gross")).exists()
    tasks.render_invoices([invoices[0].pk])
    paper = page.request.get(reverse("billing:document", args=[invoices[0].pk]))
    assert paper.status == 200
    assert paper.body().startswith(b"%PDF")
    call_command("audit_ledger", stdout=io.StringIO())
