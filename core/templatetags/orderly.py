"""The components of every page, each with one look: chip, money, quantity, date, key, icon, row, action, bridge."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.template import RequestContext
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import money as money_rules

register = template.Library()

# What a state means to the eye. A word that is not here is neutral; each tone has a colour and a shape of its own.
GOING, WAITING, WRONG, DONE, NEUTRAL = "going", "waiting", "wrong", "done", "neutral"
TONES: Mapping[str, str] = {
    # documents
    "REVIEW": WAITING,
    "CONFIRMED": GOING,
    "RELEASED": GOING,
    "COMPLETED": DONE,
    "CLOSED": DONE,
    # facets
    "PART": WAITING,
    "FULL": DONE,
    "OVER": WRONG,
    # stock and its promises
    "BACKORDERED": WAITING,
    "ALLOCATED": GOING,
    "SHORT": WRONG,
    # warehouse and shipping
    "OPEN": WAITING,
    "PICKING": GOING,
    "PICKED": GOING,
    "PACKED": GOING,
    "SHIPPED": DONE,
    "DISPATCHED": DONE,
    "DELIVERED": DONE,
    "PLANNED": WAITING,
    "CANCELLED": NEUTRAL,
    "UNPACKED": NEUTRAL,
    "DONE": DONE,
    "RUNNING": GOING,
    "RETURNING": WAITING,
    "RETURNED": WRONG,
    "LOST": WRONG,
    # returns
    "REQUESTED": WAITING,
    "AUTHORIZED": GOING,
    "RECEIVED": WAITING,
    "INSPECTED": WAITING,
    "DECIDED": WAITING,
    "SETTLED": DONE,
    # money
    "POSTED": GOING,
    "UNPAID": WAITING,
    "PARTLY_PAID": WAITING,
    "PAID": DONE,
    "OVERDUE": WRONG,
    # files that come in
    "CHECKING": GOING,
    "CHECKED": WAITING,
    "LOADING": GOING,
    "STOPPED": WAITING,
    "UNREADABLE": WRONG,
    # reference data
    "ACTIVE": DONE,
    "FAILED": WRONG,
}


@lru_cache(maxsize=512)
def _chip(label: str, tone: str) -> SafeString:
    return format_html(
        '<span class="chip chip-{}"><svg class="chip-shape" width="10" height="10" aria-hidden="true">'
        '<use href="{}#state-{}"/></svg>{}</span>',
        tone,
        static("icons.svg"),
        tone,
        label,
    )


@register.simple_tag
def chip(label: str, tone: str = NEUTRAL) -> SafeString:
    """Draw a state as its word with the tone's colour and shape."""
    return _chip(str(label), tone)


@register.simple_tag
def state_chip(document: Any, field: str = "status") -> SafeString:
    """Draw the state that a document keeps in a field with choices."""
    value = str(getattr(document, field))
    return _chip(str(getattr(document, f"get_{field}_display")()), TONES.get(value, NEUTRAL))


@register.simple_tag
def value_chip(label: str, value: str) -> SafeString:
    """Draw a state that is known by its word and by the value that a document keeps for it."""
    return _chip(label, TONES.get(value, NEUTRAL))


@register.simple_tag(takes_context=True)
def here(context: RequestContext) -> str:
    """Return the address of the navigation's entry that the page stands under: the longest that fits."""
    addresses = (reverse(item.url_name) for item in context.get("navigation") or ())
    return max((url for url in addresses if context["request"].path.startswith(url)), key=len, default="")


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Draw an icon of the sprite; the words beside it say what it means."""
    return _icon(name, size)


@lru_cache(maxsize=256)
def _icon(name: str, size: int) -> SafeString:
    return format_html(
        '<svg class="glyph" width="{}" height="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        size,
        size,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def money(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """Show an amount with its currency, at the currency's decimals; nothing for nothing."""
    if amount is None:
        return "–"
    places = money_rules.exponent(currency) if currency else 2
    figure = _figure(money_rules.round_half_up(Decimal(amount), places), places)
    if not currency:
        return format_html('<span class="figure">{}</span>', figure)
    return format_html('<span class="figure">{} <span class="unit">{}</span></span>', figure, currency)


@register.simple_tag
def whole(amount: Decimal, currency: str) -> SafeString:
    """Show an amount without its decimals, where many stand side by side and none of them is a document's."""
    figure = _figure(money_rules.round_half_up(Decimal(amount), 0), 0)
    return format_html('<span class="figure">{} <span class="unit">{}</span></span>', figure, currency)


@register.simple_tag
def price(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """Show a unit price with its currency: all its decimals, at least the currency's."""
    if amount is None:
        return "–"
    exponent = amount.normalize().as_tuple().exponent
    places = max(-exponent if isinstance(exponent, int) else 0, money_rules.exponent(currency) if currency else 2)
    figure = _figure(amount, places)
    return format_html('<span class="figure">{} <span class="unit">{}</span></span>', figure, currency)


@register.simple_tag
def quantity(value: Decimal | int | None, unit: str = "") -> SafeString | str:
    """Show a quantity without idle decimals, with its unit."""
    if value is None:
        return "–"
    figure = _quantity_figure(Decimal(value))
    if not unit:
        return format_html('<span class="figure">{}</span>', figure)
    return format_html('<span class="figure">{} <span class="unit">{}</span></span>', figure, unit)


def _quantity_figure(value: Decimal) -> str:
    exponent = value.normalize().as_tuple().exponent
    return _figure(value, max(-exponent, 0) if isinstance(exponent, int) else 0)


def _figure(value: Decimal, places: int) -> str:
    """Return a number as it is set: in the person's language, with groups, and with a true minus."""
    figure = formats.number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)
    return figure.replace("-", "−")


@register.simple_tag
def day(value: date | datetime | None) -> SafeString | str:
    """Show a date short, in full on hover; times of today as a time, and years only where they are not this one."""
    if value is None:
        return "–"
    today = timezone.localdate()
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        full = f"{formats.date_format(local, 'l j F Y, H:i')} {local.tzname() or ''}".strip()
        shown = formats.date_format(local, "H:i") if local.date() == today else _short_day(local.date(), today)
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), full, shown)
    full = formats.date_format(value, "l j F Y")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, _short_day(value, today))


def _short_day(value: date, today: date) -> str:
    return formats.date_format(value, "j M" if value.year == today.year else "j M Y")


@register.filter
def minutes(value: timedelta | None) -> str:
    """Say a short time in whole minutes."""
    number = max(1, ceil(value.total_seconds() / 60)) if value else 1
    return f"{number} minute" if number == 1 else f"{number} minutes"


@register.simple_tag
def key(name: str) -> SafeString:
    """Show the key, or the chord, that does what stands beside it."""
    caps = ((part.upper() if len(part) == 1 else part,) for part in name.split())
    return format_html('<span class="keys" aria-hidden="true">{}</span>', format_html_join("", "<kbd>{}</kbd>", caps))


@register.simple_tag(takes_context=True)
def htmx_headers(context: RequestContext) -> SafeString:
    """Give htmx the CSRF token; stands once, on body."""
    return format_html("hx-headers='{}'", json.dumps({"X-CSRFToken": get_token(context["request"])}))


@register.simple_tag
def idempotency_key() -> SafeString:
    """Give a form a key of its own, so that sending it twice does it once."""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', uuid.uuid4())


@register.simple_tag
def asks(label: str, question: str = "") -> SafeString:
    """Make a button ask before it does: what the page that asks without a script shows."""
    return format_html('name="ask" value="{}&#10;{}"', label, question)


@register.simple_tag(takes_context=True)
def row_attributes(context: Context, row: Any) -> SafeString:
    """Give a queue's row its id and its place among the keys; out of band where an action refreshes it."""
    form = 'id="{}-{}" data-row hx-swap-oob="true"' if context.get("oob") else 'id="{}-{}" data-row'
    return format_html(form, context["row_id"], row.pk)


@register.simple_tag(takes_context=True)
def row_check(context: Context, row: Any, label: str) -> SafeString | str:
    """Draw the box that selects a row, on queues that have something to do with a selection."""
    if not context.get("bulk_actions"):
        return ""
    return format_html(
        '<td class="cell-check"><input type="checkbox" class="check" name="id" value="{}" form="queue-bulk"'
        ' aria-label="Select {}"></td>',
        row.pk,
        label,
    )


@register.inclusion_tag("components/action.html", takes_context=True)
def action(
    context: RequestContext,
    label: str,
    url: str,
    *,
    blockers: Iterable[Any] = (),
    key: str = "",
    primary: bool = False,
    confirm: str = "",
    next: str = "",  # noqa: A002 the field's name in every form of ours
    fields: Mapping[str, Any] | None = None,
    opens: bool = False,
) -> dict[str, Any]:
    """Draw a verb as a button that posts, or that opens the verb's page.

    Where it is blocked, the button is off and the reasons stand beside it. `confirm` is asked once before it is done.
    """
    return {
        "label": label,
        "url": url,
        "blockers": list(blockers or ()),
        "key": key,
        "primary": primary,
        "confirm": confirm,
        "next": next or context["request"].get_full_path(),
        "fields": fields or {},
        "opens": opens,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/bridge.html")
def bridge(unit: str = "", *, of: Mapping[str, Decimal] | None = None, **steps: Decimal | int) -> dict[str, Any]:
    """Draw quantities that lead from one to the next, given or `of` a mapping: ordered, allocated, picked, shipped."""
    steps = {**(of or {}), **steps}
    first = Decimal(next(iter(steps.values()), 0))
    shown = [
        {
            "label": name.replace("_", " ").capitalize(),
            "quantity": Decimal(value),
            "percent": min(100, int(Decimal(value) * 100 / first)) if first > 0 else 0,
        }
        for name, value in steps.items()
    ]
    return {"steps": shown, "unit": unit}


# What is now in a stage, from the end of the way back: each is drawn as its part of what was ordered
_NOW_IN = (
    ("shipped", "shipped", ("shipped",), ()),
    ("picked", "picked", ("picked",), ("shipped",)),
    ("allocated", "allocated", ("allocated",), ("picked",)),
    ("backordered", "backordered", ("backordered",), ()),
    ("cancelled", "cancelled", ("cancelled",), ()),
)


@register.inclusion_tag("components/bridge_bar.html")
def bridge_bar(steps: Any) -> dict[str, Any]:
    """Draw where the units of a line or of an order are now, as one bar; `steps` are running totals by name."""
    ordered = Decimal(steps.ordered)
    parts: list[dict[str, Any]] = []
    left, words = 0, []
    for name, label, plus, minus in _NOW_IN:
        now = sum(getattr(steps, step) for step in plus) - sum(getattr(steps, step) for step in minus)
        if now <= 0 or ordered <= 0:
            continue
        width = min(1000 - left, max(20, int(now * 1000 / ordered)))
        parts.append({"name": name, "left": left, "width": width})
        left += width
        words.append(f"{_quantity_figure(Decimal(now))} {label}")
    for part in parts[:-1]:
        part["width"] -= 10  # a gap tells two parts apart without their colors
    words = words or ["nothing allocated"]
    return {"parts": parts, "words": f"Of {_quantity_figure(ordered)} ordered: {', '.join(words)}"}


@register.inclusion_tag("components/trail.html")
def trail(documents: Iterable[Any]) -> dict[str, Any]:
    """Draw the papers of a document in the order in which one led to the other: `kind`, `label`, `url`, `state`."""
    kinds: dict[str, list[Any]] = {}
    for document in documents:
        kinds.setdefault(document.kind, []).append(document)
    return {"kinds": list(kinds.items())}


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Iterable[Any]) -> dict[str, Any]:
    """Draw what happened, newest first: entries have `at`, `title`, and maybe `actor`, `detail`, `tone`, `url`."""
    return {"entries": list(entries)}


@register.inclusion_tag("components/tile.html")
def tile(label: str, value: Any, *, href: str = "", note: str = "", tone: str = "") -> dict[str, Any]:
    """Draw one figure with its name; a link where the lines behind it can be opened."""
    return {"label": label, "value": value, "href": href, "note": note, "tone": tone}


@register.inclusion_tag("components/empty.html")
def empty_state(title: str, text: str = "", *, icon: str = "inbox", href: str = "", link: str = "") -> dict[str, Any]:
    """Say that there is nothing, what would fill the place, and how."""
    return {"title": title, "text": text, "icon": icon, "href": href, "link": link}
