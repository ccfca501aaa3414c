"""The company's logo: what is taken, what is not, and the papers that begin with it."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from billing.documents import render_invoice
from core import companies, pictures
from core.documents import lay_out
from core.models import Company, SourceFile
from core.press import UnprintableDocument
from core.refusals import NotAllowed
from core.roles import Role
from inventory.documents import render_supplier_order
from inventory.queries.supply import paper
from tests.factories.billing import AT, Trade
from tests.factories.core import person, signed_in
from tests.factories.house import House
from tests.factories.supply import sent

pytestmark = pytest.mark.django_db
LOGO = reverse("core:logo")
PICTURE = reverse("core:logo_picture")


def drawn(kind="PNG", size=(300, 100), **options):
    """Return a picture of one colour as a file."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


def send(client, content, name="logo.png"):
    return client.post(LOGO, {"picture": SimpleUploadedFile(name, content)})


@pytest.fixture
def boss():
    return person(Role.ADMINISTRATOR)


class TestLogo:
    def test_is_kept_as_a_picture_of_its_own_and_shown(self, boss):
        client = signed_in(boss)
        assert client.get(PICTURE).status_code == 204
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "taken at home"  # lies on its side
        assert send(client, drawn("JPEG", (600, 2400), exif=exif), "a.jpg")["Location"] == LOGO
        shown = client.get(PICTURE)
        assert shown["Content-Type"] == "image/png"
        with Image.open(io.BytesIO(shown.content)) as picture:
            assert (picture.format, picture.size) == ("PNG", (1200, 300))
        assert b"taken at home" not in shown.content
        assert PICTURE in client.get(LOGO).content.decode()
        assert "There is one" in client.get(reverse("core:set_up")).content.decode()
        file = SourceFile.objects.get()
        assert Company.objects.get().events.order_by("pgh_id").last().logo_id == file.pk
        assert client.post(reverse("core:remove_logo"))["Location"] == LOGO
        assert (Company.objects.get().logo, client.get(PICTURE).status_code) == (None, 204)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is no PNG or JPEG picture."),
            (drawn("GIF"), "This is no PNG or JPEG picture."),
            (drawn()[:80], "This picture is damaged"),
            (drawn(size=(5000, 5000)), "5,000 × 5,000 pixels"),
            (drawn() + b"0" * pictures.MOST_BYTES, "This file has 2.0 MB"),
            (b"", "This file is empty"),
        ],
    )
    def test_is_refused_in_words_where_it_is_no_picture_for_paper(self, boss, content, sentence):
        answer = send(signed_in(boss), content)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
        assert not SourceFile.objects.exists()

    def test_is_changed_by_administrators_only(self):
        with pytest.raises(NotAllowed):
            companies.change_logo(picture=drawn(), actor=person(Role.PICKER), at=AT)
        assert companies.logo(None) == ""


class TestPapers:
    def test_begin_with_it_and_keep_the_one_with_which_they_were_posted(self):
        trade = Trade.start()
        plain = trade.invoice(trade.shipped())
        boss = person(Role.ADMINISTRATOR, company=trade.company)
        company = companies.change_logo(picture=drawn(), actor=boss, at=AT)
        trade.company.logo = company.logo
        invoice = trade.invoice(trade.shipped())
        companies.change_logo(picture=None, actor=boss, at=AT)
        assert "logo" not in plain.snapshot["seller"]
        assert b"/Image" not in render_invoice({**plain.snapshot, "number": plain.number})
        assert invoice.snapshot["seller"]["logo"] == company.logo_id
        assert b"/Image" in render_invoice({**invoice.snapshot, "number": invoice.number})

    def test_for_suppliers_too(self):
        house = House.open()
        order = sent(house, (house.product(), 5, 9))
        assert b"/Image" not in render_supplier_order(paper(order))
        order.company.logo = companies.change_logo(picture=drawn(), actor=house.boss, at=AT).logo
        assert b"/Image" in render_supplier_order(paper(order))

    @pytest.mark.parametrize("held", ["aGVsbG8=", "%%%", ""])
    def test_hold_no_other_file_in_its_place(self, held):
        with pytest.raises(UnprintableDocument):
            lay_out(f'<html><body><img src="asset:picture/{held}"></body></html>')
