"""The pages on which files come in: sent, mapped, tried, loaded, and their refused rows as a file."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.intake.workbooks import Workbook
from core.models import ColumnMapping, FileImport, SourceFile
from core.roles import Role
from inventory.models import Product
from orders.models import CustomerPO, SalesOrder
from tests.factories.core import CompanyFactory, person, work_imports
from tests.factories.orders import CustomerFactory, priced

pytestmark = pytest.mark.django_db

URL = reverse("core:import_file")
HEADER = "PO number,customer,SKU,quantity,price,date,description"
PLACES = {"po_number": 0, "customer": 1, "sku": 2, "quantity": 3, "price": 4, "ordered_at": 5, "description": 6}
MAPPING = {f"column-{name}": place for name, place in PLACES.items()}


@pytest.fixture
def customer():
    customer = CustomerFactory(number="C-100")
    priced(customer, sku="LAMP")
    return customer


@pytest.fixture
def client(customer):
    client = Client()
    client.force_login(person(Role.SALES_ADMIN, company=customer.company))
    return client


def send(client: Client, *rows: str, name: str = "orders.csv", data: bytes | None = None, **headers: str):
    content = "\n".join([HEADER, *rows]).encode() if data is None else data
    return client.post(URL, {"kind": "orders", "file": SimpleUploadedFile(name, content)}, headers=headers)


def checked(client: Client, *rows: str, **options: object) -> FileImport:
    """Send a file and have it checked."""
    assert send(client, *rows, **options).status_code == 302
    run = FileImport.objects.latest("pk")
    assert client.post(reverse("core:map_import", args=[run.pk]), MAPPING).status_code == 302
    work_imports()
    return FileImport.objects.get(pk=run.pk)


def loaded(client: Client, *rows: str, **options: object) -> FileImport:
    """Send a file, have it checked and take its good rows in."""
    run = checked(client, *rows, **options)
    assert client.post(reverse("core:load_import", args=[run.pk])).status_code == 302
    work_imports()
    return FileImport.objects.get(pk=run.pk)


def page(client: Client, run: FileImport, **parameters: str) -> str:
    response = client.get(reverse("core:import", args=[run.pk]), parameters)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestSending:
    def test_shows_how_the_file_is_cut_and_which_column_is_what(self, client):
        send(client, "P1;C-100;LAMP;2;2,50;2026-11-20;Fjäll".replace(";", ","), name="may.csv")
        run = FileImport.objects.get()
        text = client.get(reverse("core:import", args=[run.pk])).content.decode()
        assert '<option value="utf-8" selected>UTF-8</option>' in text
        assert '<option value="," selected>Comma ,</option>' in text
        assert '<option value="3" selected>quantity</option>' in text
        assert run.file.received_by == run.actor

    def test_keeps_the_file_as_it_came(self, client):
        data = f"{HEADER}\nP1,C-100,LAMP,1,1,2026-11-20,\n".encode("utf-16")
        send(client, data=data)
        response = client.get(reverse("core:source_file", args=[FileImport.objects.get().pk]))
        assert b"".join(response.streaming_content) == data
        assert response["Content-Disposition"].startswith("attachment;")
        assert response["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [(b"", "The file is empty."), (b"%PDF-1.4 ...", "The file is a PDF document."), (b"\x00\x01\x02", "NUL bytes")],
    )
    def test_refuses_what_is_no_table_and_keeps_nothing(self, client, data, sentence):
        response = send(client, data=data, name="mine.csv")
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert "<b>mine.csv</b> was not taken over." in response.content.decode()
        assert not SourceFile.objects.exists()

    def test_asks_for_a_file(self, client):
        response = client.post(URL, {"kind": "orders"})
        assert (response.status_code, "Choose a file first." in response.content.decode()) == (422, True)

    def test_knows_no_kind_that_the_person_may_not_load(self, client):
        assert client.get(URL, {"kind": "prices"}).status_code == 404
        assert client.get(reverse("core:export_rows"), {"kind": "prices"}).status_code == 404

    def test_is_closed_to_who_may_load_nothing(self, customer):
        client = Client()
        client.force_login(person(Role.PICKER, company=customer.company))
        assert client.get(URL).status_code == 403
        assert send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,").status_code == 403
        assert not FileImport.objects.exists()

    def test_says_that_the_very_file_came_in_before(self, client):
        row = "P1,C-100,LAMP,2,2.50,2026-11-20,"
        first = checked(client, row)
        send(client, row, name="other name.csv")
        assert "sent this very file on" in page(client, FileImport.objects.latest("pk"))
        assert "sent this very file on" not in page(client, first, edit="")


class TestMapping:
    def test_takes_columns_by_hand_and_remembers_them_for_the_header(self, client, customer):
        data = b"A,B,C,D,E,F\nP1,C-100,LAMP,2,2.50,2026-11-20\n"
        send(client, data=data)
        run = FileImport.objects.get()
        mapping = {f"column-{name}": place for name, place in PLACES.items() if place < 6}
        client.post(reverse("core:map_import", args=[run.pk]), mapping)
        work_imports()
        assert FileImport.objects.get().good == 1
        send(client, data=data)
        again = FileImport.objects.latest("pk")
        assert again.mapping == {name: place for name, place in PLACES.items() if place < 6}
        assert ColumnMapping.objects.get().company == customer.company

    def test_says_which_column_is_missing(self, client):
        send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
        run = FileImport.objects.get()
        response = client.post(reverse("core:map_import", args=[run.pk]), {**MAPPING, "column-price": ""})
        assert response.status_code == 422
        assert "The header has no column for price." in response.content.decode()

    def test_refuses_one_column_for_two_things(self, client):
        send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
        run = FileImport.objects.get()
        response = client.post(reverse("core:map_import", args=[run.pk]), {**MAPPING, "column-price": 3})
        assert "quantity cannot be both quantity and price." in response.content.decode()

    def test_cuts_the_file_anew_where_another_separator_is_chosen(self, client):
        send(client, data=f"{HEADER.replace(',', '|')}\nP1|C-100|LAMP|2|2.50|2026-11-20|a,b\n".encode())
        run = FileImport.objects.get()
        assert run.layout["delimiter"] == "|"
        client.post(reverse("core:map_import", args=[run.pk]), {**MAPPING, "delimiter": ","})
        run = FileImport.objects.get()
        assert (run.status, len(run.header)) == ("RECEIVED", 1)

    def test_reads_the_file_in_the_encoding_that_is_chosen(self, client):
        send(client, data=f"{HEADER}\nP1,C-100,LAMP,2,2.50,2026-11-20,Lávka ž\n".encode("cp1250"))
        run = FileImport.objects.get()
        assert run.layout["encoding"] == "cp1252"
        client.post(reverse("core:map_import", args=[run.pk]), {**MAPPING, "encoding": "cp1250", "delimiter": ","})
        assert "Lávka ž" in page(client, run)

    def test_decides_by_hand_what_dates_mean(self, client):
        for day_first, month in (("day", 2), ("month", 1)):
            send(client, f"P{month},C-100,LAMP,2,2.50,01/02/2026,")
            run = FileImport.objects.latest("pk")
            client.post(reverse("core:map_import", args=[run.pk]), {**MAPPING, "day_first": day_first})
            work_imports()
            client.post(reverse("core:load_import", args=[run.pk]))
            work_imports()
            assert SalesOrder.objects.get(po_number=f"P{month}").ordered_on.month == month


class TestChecking:
    def test_tries_every_row_and_leaves_nothing_behind(self, client):
        run = checked(
            client,
            "P1,C-100,LAMP,2,2.50,2026-11-20,Lamp",
            "P1,C-100,LAMP,-2,2.50,2026-11-20,",
            "P2,C-9,LAMP,1,1,2026-11-20,",
        )
        text = page(client, run)
        assert (run.status, run.good, run.refused) == ("CHECKED", 1, 2)
        assert "Rows to be loaded 1" in text
        assert "3 quantity quantity -2 is not above zero." in text
        assert "4 customer There is no customer C-9." in text
        assert "Load 1 row " in text
        assert not SalesOrder.objects.exists()
        assert not CustomerPO.objects.exists()

    def test_shows_how_far_it_is_and_can_be_left(self, client):
        send(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
        run = FileImport.objects.get()
        client.post(reverse("core:map_import", args=[run.pk]), MAPPING)
        fragment = client.get(reverse("core:import", args=[run.pk]), headers={"HX-Request": "true"}).content.decode()
        assert 'hx-trigger="every 1s"' in fragment
        assert "<html" not in fragment
        client.post(reverse("core:stop_import", args=[run.pk]))
        work_imports()
        assert FileImport.objects.get().status == "RECEIVED"

    def test_shows_the_first_of_many_refused_rows_and_counts_the_rest(self, client):
        run = checked(client, *(f"P{n},C-9,LAMP,1,1,2026-11-20," for n in range(300)))
        text = page(client, run)
        assert text.count("There is no customer C-9.") == 200
        assert "And 100 more" in text
        assert "No row of the file is to be loaded." in text

    def test_of_a_header_alone_has_nothing_to_load(self, client):
        assert "The file has a header and no row." in page(client, checked(client))


class TestLoading:
    def test_takes_good_rows_in_and_leads_to_what_was_made(self, client):
        run = loaded(client, "P1,C-100,LAMP,2,2.50,2026-11-20,Lamp", "P2,C-9,LAMP,1,1,2026-11-20,")
        text = page(client, run)
        assert "Orders 1" in text
        assert "Rows loaded 1" in text
        assert SalesOrder.objects.get().po_number == "P1"
        po = CustomerPO.objects.get()
        assert (po.source, po.content["file"]) == ("orders.csv", run.file_id)

    def test_of_the_same_file_again_makes_nothing_twice(self, client):
        for _time in range(2):
            run = (
                loaded(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
                if not SalesOrder.objects.exists()
                else checked(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
            )
        assert SalesOrder.objects.count() == 1
        assert (run.good, run.same) == (0, 1)

    def test_gives_the_refused_rows_as_a_file_that_runs_no_formula_and_reads_the_same(self, client):
        run = loaded(client, 'P1,C-100,NONE,1,1,2026-11-20,"=cmd()"', "P2,C-100,LAMP,1,1,2026-11-20,", name="may.csv")
        response = client.get(reverse("core:refused_rows", args=[run.pk]))
        content = b"".join(response.streaming_content)
        (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        assert 'filename="may-refused.csv"' in response["Content-Disposition"]
        assert (row["PO number"], row["Reason"]) == ("P1", "There is no product NONE.")
        assert row["description"] == "'=cmd()"
        Product.objects.filter(sku="LAMP").update(sku="NONE")
        loaded(client, data=content)
        assert SalesOrder.objects.get(po_number="P1").lines.get().description == "=cmd()"

    def test_gives_refused_rows_as_a_workbook_whose_figures_are_those_of_the_whole_file(self, client):
        data = HEADER.replace(",", ";") + "\nP1;C-100;NONE;1.234;1,50;2026-11-20;\nP2;C-100;LAMP;1;2,25;2026-11-20;\n"
        run = loaded(client, data=data.encode())
        url = reverse("core:refused_rows", args=[run.pk])
        assert b"P1;C-100;NONE;1.234;1,50;" in b"".join(client.get(url).streaming_content)
        response = client.get(url, {"format": "xlsx"})
        assert response["Content-Disposition"].endswith('-refused.xlsx"')
        book = Workbook(io.BytesIO(b"".join(response.streaming_content)))
        header, row = (line.cells for line in book.lines("Rows"))
        assert header[-1] == "Reason"
        assert row[:6] == ("P1", "C-100", "NONE", "1234", "1.5", "2026-11-20")

    def test_twice_at_once_is_refused(self, client):
        run = checked(client, "P1,C-100,LAMP,2,2.50,2026-11-20,")
        url = reverse("core:load_import", args=[run.pk])
        assert client.post(url).status_code == 302
        assert client.post(url).status_code == 409
        work_imports()
        assert SalesOrder.objects.count() == 1


class TestList:
    def test_names_what_came_in_of_the_persons_kinds_alone(self, client, customer):
        checked(client, "P1,C-100,LAMP,2,2.50,2026-11-20,", name="may.csv")
        assert "may.csv" in client.get(reverse("core:imports")).content.decode()
        other = Client()
        other.force_login(person(Role.SALES_ADMIN, company=CompanyFactory()))
        assert "may.csv" not in other.get(reverse("core:imports"), {"tab": "all"}).content.decode()
        run = FileImport.objects.get()
        for name in ("import", "refused_rows", "source_file"):
            assert other.get(reverse(f"core:{name}", args=[run.pk])).status_code == 404


class TestExport:
    def test_gives_what_stands_as_a_file_and_its_columns_to_be_filled_in(self, customer):
        client = Client()
        client.force_login(person(Role.SALES_MANAGER, company=customer.company))
        assert "Our products as such a file" in client.get(URL, {"kind": "products"}).content.decode()
        response = client.get(reverse("core:export_rows"), {"kind": "products"})
        rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
        assert [row["SKU"] for row in rows] == ["LAMP"]
        response = client.get(reverse("core:export_rows"), {"kind": "products", "template": ""})
        assert b"".join(response.streaming_content).decode("utf-8-sig").startswith("SKU,name,kind,unit,GTIN,")
        assert 'filename="products-template.csv"' in response["Content-Disposition"]
        response = client.get(reverse("core:export_rows"), {"kind": "products", "format": "xlsx"})
        assert 'filename="products.xlsx"' in response["Content-Disposition"]
        header, row = Workbook(io.BytesIO(b"".join(response.streaming_content))).lines("Rows")
        assert (header.cells[0], row.cells[0]) == ("SKU", "LAMP")
        assert "as such a file" not in client.get(URL, {"kind": "orders"}).content.decode()
