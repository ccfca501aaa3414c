"""The components: figures as they are read, states told apart without colour, icons that exist."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.html import strip_tags

from core import registry
from core.refusals import Blocker
from core.roles import Role
from core.templatetags.orderly import TONES
from core.views import sprite_icons
from tests.factories.core import person

ROOT = Path(__file__).resolve().parents[2]


def draw(tag, **context):
    """Return what a tag draws."""
    request = RequestFactory().get("/orders/")
    return Template("{% load orderly %}" + tag).render(Context({"request": request, **context}))


def words(tag, **context):
    """Return what one reads of it."""
    return " ".join(unescape(strip_tags(draw(tag, **context))).split())


class TestFigures:
    @pytest.mark.parametrize(
        ("amount", "currency", "read"),
        [
            (Decimal("1234.5"), "GBP", "1,234.50 GBP"),
            (Decimal("-0.005"), "EUR", "−0.01 EUR"),
            (Decimal("1234.5"), "JPY", "1,235 JPY"),
            (Decimal("1.0005"), "KWD", "1.001 KWD"),
            (None, "GBP", "–"),
        ],
    )
    def test_money_has_its_currencys_decimals(self, amount, currency, read):
        assert words("{% money amount currency %}", amount=amount, currency=currency) == read

    @pytest.mark.parametrize(("price", "read"), [(Decimal("0.004250"), "0.00425 GBP"), (Decimal("2"), "2.00 GBP")])
    def test_a_price_keeps_all_its_decimals(self, price, read):
        assert words('{% price price "GBP" %}', price=price) == read

    @pytest.mark.parametrize(
        ("quantity", "read"),
        [(Decimal("1200.000000"), "1,200 pc"), (Decimal("12.750000"), "12.75 pc"), (Decimal(-3), "−3 pc"), (0, "0 pc")],
    )
    def test_a_quantity_has_no_idle_decimals(self, quantity, read):
        assert words('{% quantity quantity "pc" %}', quantity=quantity) == read


class TestDay:
    def test_is_a_time_today_and_says_all_on_hover(self):
        drawn = draw("{% day at %}", at=timezone.now())
        assert re.search(r">\d\d:\d\d</time>", drawn)
        assert re.search(r'title="\w+day \d+ \w+ \d{4}, \d\d:\d\d UTC"', drawn)

    def test_is_read_in_the_persons_time_zone(self):
        with timezone.override("Asia/Tokyo"):
            assert words("{% day at %}", at=datetime(2011, 12, 9, 23, tzinfo=UTC)) == "10 Dec 2011"

    def test_names_the_year_where_it_is_another(self):
        assert words("{% day on %}", on=date(2011, 12, 9)) == "9 Dec 2011"
        assert words("{% day on %}", on=timezone.localdate().replace(day=1)).count(" ") == 1


class TestStateChip:
    def test_says_the_word_beside_its_tones_shape(self):
        order = SimpleNamespace(status="RELEASED", get_status_display=lambda: "Released")
        drawn = draw("{% state_chip order %}", order=order)
        assert "chip-going" in drawn
        assert "#state-going" in drawn
        assert strip_tags(drawn) == "Released"

    def test_is_neutral_for_a_word_it_does_not_know(self):
        order = SimpleNamespace(status="<b>", get_status_display=lambda: "<b>")
        assert "chip-neutral" in draw("{% state_chip order %}", order=order)
        assert "<b>" not in draw("{% state_chip order %}", order=order)


class TestAction:
    def test_posts_once_with_its_key(self):
        drawn = draw('{% action "Confirm" "/orders/1/confirm/" key="c" %}')
        assert re.search(r'name="idempotency_key" value="[0-9a-f-]{36}"', drawn)
        assert 'data-key="c"' in drawn
        assert 'name="next" value="/orders/"' in drawn

    def test_is_off_and_says_why(self):
        blockers = [Blocker("short", "Two lines wait.", "/stock/"), Blocker("held", "It is held.")]
        drawn = draw('{% action "Confirm" "/orders/1/confirm/" key="c" blockers=blockers %}', blockers=blockers)
        assert re.search(r"<button[^>]* disabled", drawn)
        assert "data-key" not in drawn
        assert (
            words("{% action 'Confirm' '/x/' blockers=blockers %}", blockers=blockers)
            == "Confirm Two lines wait. Show It is held."
        )


class TestBridge:
    def test_measures_each_step_by_the_first(self):
        drawn = draw('{% bridge "pc" ordered=240 picked=60 over=300 nothing=0 %}')
        assert re.findall(r'bridge-bar" width="(\d+)"', drawn) == ["100", "25", "100", "0"]

    def test_of_nothing_is_nothing(self):
        assert re.findall(r'bridge-bar" width="(\d+)"', draw("{% bridge ordered=0 picked=0 %}")) == ["0", "0"]


class TestSprite:
    def test_has_every_icon_that_pages_name(self):
        text = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
        named = set(re.findall(r'{% icon "([\w-]+)"', text)) | set(re.findall(r'icon="([\w-]+)"', text))
        named |= {item.icon for item in registry.navigation}
        assert named
        assert named <= set(sprite_icons())

    def test_has_a_shape_of_its_own_for_every_tone(self):
        sprite = (ROOT / "static" / "icons.svg").read_text()
        shapes = {tone: re.search(f'<symbol id="state-{tone}".*', sprite)[0] for tone in {*TONES.values(), "neutral"}}
        bodies = {shape.split(">", 1)[1] for shape in shapes.values()}
        assert len(bodies) == len(shapes) == 5


@pytest.mark.django_db
class TestStyleguide:
    @pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 200), (Role.SALES_ADMIN, 403)])
    def test_shows_every_component_to_administrators(self, role, status):
        client = Client()
        client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/styleguide/").status_code == status
