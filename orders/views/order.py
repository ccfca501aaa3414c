"""An order's page: what it is, what is to be done with it next, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.generic import DetailView

from core import notes, registry
from core.models import User
from core.pages import VerbRequiredMixin, moment, person, today_of
from core.refusals import Blocker
from orders.models import CustomerPO, SalesOrder
from orders.queries import cancelling, order_page, promises
from orders.queries.holds import shown_holds
from orders.queries.queue import orders_in_queue, stages_of

# How the code of a blocker begins that will never go away: the verb was done
DONE = "already_"


@dataclass(frozen=True, slots=True)
class ShownAction:
    """A verb of the order as it is drawn: where it posts to or what it opens, and why it is off."""

    label: str
    url: str
    key: str
    confirm: str
    opens: bool
    aside: bool
    blockers: tuple[Blocker, ...]

    @classmethod
    def of(cls, action: registry.OrderAction, order: SalesOrder) -> ShownAction:
        """Return a verb as it stands for an order, asked once what is against it."""
        return cls(
            label=action.label,
            url=reverse(action.url_name, args=[order.pk] if action.opens else None),
            key=action.key,
            confirm=action.confirm.format(order=order),
            opens=action.opens,
            aside=action.aside,
            blockers=tuple(action.blockers([order.pk]).get(order.pk, ())),
        )


class OrderDetailView(VerbRequiredMixin, DetailView):
    """One order, with the verbs and papers that the apps above contribute."""

    verb = "orders.view"
    template_name = "orders/detail.html"
    context_object_name = "order"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders of the person's companies."""
        return orders_in_queue(person(self.request), today_of(self.request)).select_related(
            "customer_po", "customer_po__received_by", "channel"
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the lines, the verbs, the papers and the timeline; what costs anything only for those who may see it."""
        order: Any = self.object
        user = person(self.request)
        lines = order_page.order_lines(order)
        steps = order_page.steps_of(lines)
        told = order_page.told_steps(steps)
        for line in lines:
            line.figures = order_page.figures_of(line, told)  # type: ignore[attr-defined]
        promised = promises.line_promises(order, lines, user, today_of(self.request))
        for line in lines:
            line.promise = promised.get(line.pk)  # type: ignore[attr-defined]
        self.offer_verbs(order, lines, user)
        contexts = self.panel_contexts(order, user)
        actions = self.actions(order, user)
        next_actions = [action for action in actions if not action.aside]
        open_actions = [action for action in next_actions if not action.blockers]
        shows_prices = user.can("orders.view_prices")
        return super().get_context_data(
            title=str(order),
            action_fields={"id": order.pk},
            lines=lines,
            steps=steps,
            is_apart=user.can("orders.move_stock") and promises.is_apart(promised.values()),
            promise=promises.order_promise(promised.values()) if order.number else None,
            told_steps=told,
            bridge_steps={name: getattr(steps, name) for name in ("ordered", *told)},
            stages=stages_of(order, waits=order.waits, held=order.held),
            holds=shown_holds(order, user),
            shows_prices=shows_prices,
            totals=order_page.totals_of(order, lines) if shows_prices else None,
            primary=open_actions[0] if open_actions else None,
            other_actions=open_actions[1:],
            off_actions=[action for action in next_actions if action.blockers],
            aside_actions=[action for action in actions if action.aside],
            panels=[render_to_string(template, context, self.request) for template, context in contexts],
            trail_documents=[
                order_page.po_link(order, user),
                *(document for _template, context in contexts for document in context.get("documents", ())),
            ],
            entries=order_page.timeline(order, user),
            noted=notes.desk_of("salesorder", order.pk, user),
            **kwargs,
        )

    def offer_verbs(self, order: SalesOrder, lines: Sequence[Any], user: User) -> None:
        """Offer those who may to substitute what waits, and to break up a kit of which only some components left."""
        may = order.status in cancelling.OPEN and user.can("orders.substitute")
        may_break = order.status in cancelling.OPEN and user.can("orders.cancel")
        for line in lines:
            waits = order.status in cancelling.DRAFTS or line.steps.backordered > 0
            line.has_substitutes = may and waits and line.has_substitutes
            line.can_break_up = may_break and bool(line.components) and line.begun > line.shipped

    def actions(self, order: SalesOrder, user: User) -> list[ShownAction]:
        """Return the verbs that this person may do and that are not done, each asked once what stands against it."""
        shown = [ShownAction.of(action, order) for action in registry.order_actions if user.can(action.verb)]
        return [action for action in shown if not any(blocker.code.startswith(DONE) for blocker in action.blockers)]

    def panel_contexts(self, order: SalesOrder, user: User) -> list[tuple[str, dict[str, Any]]]:
        """Return the templates of what the apps above draw, for those who may see them, with what they show."""
        now = moment(self.request)
        return [
            (panel.template, panel.context(order.pk, user, now))
            for panel in registry.order_panels
            if not panel.verb or user.can(panel.verb)
        ]


class CustomerPOView(VerbRequiredMixin, DetailView):
    """The customer's own document behind an order, as it came; nothing of it was changed."""

    verb = "orders.view_prices"
    template_name = "orders/customer_po.html"
    context_object_name = "po"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the documents of the person's companies."""
        return CustomerPO.objects.for_user(person(self.request)).select_related("customer", "received_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the document says, and the orders that were made of it."""
        po: CustomerPO = self.object
        return super().get_context_data(
            title=f"Customer's PO {po.number}",
            content=order_page.content_of(po),
            orders=SalesOrder.objects.for_user(person(self.request)).filter(customer_po=po).order_by("pk"),
            **kwargs,
        )
