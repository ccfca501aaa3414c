"""What is written to partners, tried on the message with an order to a supplier."""

import re

import pytest
from django.urls import reverse

from core import letters
from core.letters import Wording
from core.models import MessageTemplate
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed
from core.roles import Role
from inventory.queries.messages import SUPPLIER_ORDER
from tests.factories.core import person, signed_in
from tests.factories.house import House
from tests.factories.supply import sent

pytestmark = pytest.mark.django_db
KIND = letters.kind_named(SUPPLIER_ORDER)
GERMAN = {"subject": "Bestellung {number}", "text": "Guten Tag {supplier},\r\n\r\n{count} Positionen."}


def url(language="de", name="edit_message"):
    return reverse(f"core:{name}", args=[SUPPLIER_ORDER, language])


def seen(client, language="de"):
    return re.search(r'name="seen" value="(\w+)"', client.get(url(language)).content.decode())[1]


@pytest.fixture
def boss():
    return person(Role.ADMINISTRATOR)


@pytest.fixture
def client(boss):
    return signed_in(boss)


class TestMessages:
    def said(self, boss, language):
        return letters.wording_for(company_id=boss.company.pk, kind=SUPPLIER_ORDER, language=language)

    def test_are_as_they_came_until_a_company_writes_its_own_words(self, boss, client):
        assert self.said(boss, "de") == self.said(boss, "en") == KIND.original
        assert client.post(url(), {**GERMAN, "seen": seen(client)}).status_code == 302
        assert self.said(boss, "de") == Wording("Bestellung {number}", "Guten Tag {supplier},\n\n{count} Positionen.")
        assert self.said(boss, "fr") == KIND.original
        client.post(url("en"), {"subject": "Our order", "text": "Hello", "seen": seen(client, "en")})
        # Who has no words of their own language reads the company's English
        assert self.said(boss, "fr").subject == "Our order"
        assert MessageTemplate.objects.get(language="de").events.get().pgh_context["user"] == boss.pk
        assert "Your words" in client.get(reverse("core:messages")).content.decode()

    def test_go_back_to_the_original(self, boss, client):
        client.post(url(), {**GERMAN, "seen": seen(client)})
        assert client.post(url(name="restore_message")).status_code == 302
        assert self.said(boss, "de") == KIND.original

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"text": "Dear {suplier}"}, "{suplier} is no place that this message has"),
            ({"subject": "{company.iban}"}, "{company.iban} is no place"),
            ({"text": "Dear {supplier"}, "A brace stands alone"),
            ({"subject": ""}, "required"),
        ],
    )
    def test_with_a_place_that_they_do_not_have_are_refused_at_their_field(self, boss, client, said, sentence):
        answer = client.post(url(), {**GERMAN, "seen": seen(client), **said})
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
        assert not MessageTemplate.objects.exists()
        with pytest.raises(Blocked, match="no place"):
            letters.keep_wording(
                kind=SUPPLIER_ORDER,
                language="de",
                wording=Wording("{x}", "y"),
                seen=KIND.original.digest,
                actor=boss,
            )

    def test_are_shown_with_the_newest_order_of_the_company(self, client):
        assert "no document yet" in client.get(url()).content.decode()
        house = House.open()
        order = sent(house, (house.product(), 3, 5), (house.product(), 1, 5))
        mine = signed_in(house.boss)
        shown = mine.post(url() + "?preview=1", {**GERMAN, "seen": "x"}).content.decode()
        assert f"Bestellung {order.number}" in shown
        assert "2 Positionen." in shown
        assert "cannot be sent yet" in mine.post(url() + "?preview=1", {**GERMAN, "text": "{x}"}).content.decode()
        assert not MessageTemplate.objects.exists()

    def test_tell_the_second_of_two(self, boss, client):
        first = seen(client)
        client.post(url(), {**GERMAN, "seen": first})
        answer = client.post(url(), {**GERMAN, "subject": "Meins", "seen": first})
        assert (answer.status_code, "Somebody changed this message" in answer.content.decode()) == (409, True)
        with pytest.raises(ChangedMeanwhile):
            letters.keep_wording(kind=SUPPLIER_ORDER, language="de", wording=Wording("a", "b"), seen=first, actor=boss)
        assert self.said(boss, "de").subject == "Bestellung {number}"

    def test_are_for_administrators_in_languages_that_there_are(self, boss, client):
        with pytest.raises(NotAllowed):
            letters.restore_wording(kind=SUPPLIER_ORDER, language="de", actor=person(Role.PURCHASER))
        assert client.get(url("xx")).status_code == 404
        assert client.get(reverse("core:edit_message", args=["no-such", "de"])).status_code == 404

    def test_keep_facts_as_they_are_even_where_these_look_like_places(self):
        filled = letters.filled(
            Wording("To {supplier}\n{number}", "{supplier}"), {"supplier": "{number}", "number": "7"}
        )
        assert filled == Wording("To {number} 7", "{number}")
