"""The page that imports a file of orders: what it took in, what it refused and why, and the refused rows as a file."""

import base64
import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.roles import Role
from orders.models import Customer, CustomerPO, SalesOrder
from orders.views import intake
from tests.factories.core import person
from tests.factories.orders import CustomerFactory, priced

pytestmark = pytest.mark.django_db

URL = reverse("orders:import")
HEADER = "PO number,customer,SKU,quantity,price,date,description"


@pytest.fixture
def customer() -> Customer:
    customer = CustomerFactory(number="C-100")
    priced(customer, sku="LAMP")
    return customer


@pytest.fixture
def client(customer: Customer) -> Client:
    client = Client()
    client.force_login(person(Role.SALES_ADMIN, company=customer.company))
    return client


def send(client: Client, *rows: str, name: str = "orders.csv", data: bytes | None = None, **headers: str):
    content = "\n".join([HEADER, *rows]).encode() if data is None else data
    return client.post(URL, {"file": SimpleUploadedFile(name, content)}, headers=headers)


class TestImport:
    def test_takes_good_rows_in_and_shows_each_other_with_line_column_and_reason(self, client):
        response = send(
            client,
            "P1,C-100,LAMP,2,2.50,2026-11-20,Lamp",
            "P1,C-100,LAMP,-2,2.50,2026-11-20,",
            "P2,C-9,LAMP,1,1,2026-11-20,",
        )
        text = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
        assert "Draft orders made 1" in text
        assert "Rows taken in 1" in text
        assert "Rows refused 2" in text
        assert "3 quantity quantity -2 is not above zero." in text
        assert "4 customer There is no customer C-9." in text
        assert SalesOrder.objects.get().po_number == "P1"
        assert CustomerPO.objects.get().source == "orders.csv"

    def test_gives_the_refused_rows_as_a_file_that_runs_no_formula(self, client):
        response = send(
            client, 'P1,C-100,NONE,1,1,2026-11-20,"=cmd()"', "P2,C-100,LAMP,1,1,2026-11-20,", name="may.csv"
        )
        link, name = re.search(
            r'href="data:text/csv;charset=utf-8;base64,(.*?)" download="(.*?)"', response.content.decode()
        ).groups()
        (row,) = csv.DictReader(io.StringIO(base64.b64decode(link).decode("utf-8-sig")))
        assert name == "may-refused.csv"
        assert (row["PO number"], row["Reason"]) == ("P1", "There is no product NONE.")
        assert row["description"] == "'=cmd()"

    def test_the_same_file_again_makes_nothing_twice(self, client):
        for _time in range(2):
            response = send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
        assert SalesOrder.objects.count() == 1
        assert "already" in response.content.decode()

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "The file is empty."),
            (b"%PDF-1.4 ...", "The file is a PDF document."),
            (HEADER.encode("utf-16"), "text in UTF-16"),
            (b"one,two\n1,2", "The first line is no header that we know."),
        ],
    )
    def test_of_what_is_no_file_of_orders_says_so_and_keeps_its_name(self, client, data, sentence):
        response = send(client, data=data, name="mine.csv")
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert "<b>mine.csv</b> was not imported." in response.content.decode()

    def test_without_a_file_asks_for_one(self, client):
        response = client.post(URL)
        assert (response.status_code, "Choose a file first." in response.content.decode()) == (422, True)

    def test_refuses_more_than_a_page_can_wait_for(self, client, monkeypatch):
        monkeypatch.setattr(intake, "MAX_BYTES", 10)
        assert "this page takes up to" in send(client, "P1").content.decode()

    def test_answers_htmx_with_the_report_alone(self, client):
        response = send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,", **{"HX-Request": "true"})
        assert "<html" not in response.content.decode()
        assert 'id="import-report"' in response.content.decode()

    def test_is_closed_to_who_may_not_import(self, customer):
        client = Client()
        client.force_login(person(Role.ACCOUNTANT, company=customer.company))
        assert client.get(URL).status_code == 403
        assert send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,").status_code == 403
        assert not SalesOrder.objects.exists()
