"""What is on its way: supplier orders, and what should be bought."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View
from django.views.generic.edit import FormView

from core import notes
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, moment_for, person, today_of
from core.queues import Alert, BulkAction, QueueActionView, QueueView, Tab, Work
from inventory import documents, services
from inventory.filters import SupplierOrderFilter
from inventory.forms import AcknowledgeForm, DraftForm
from inventory.models import SupplierOrder
from inventory.queries import supply as supply_queries
from inventory.services.suggesting import suggestions
from inventory.tables import SupplierOrderTable

_TABS = {"draft": "Drafts", "sent": "On their way", "late": "Late", "part": "Part received", "done": "Done"}


class SupplierOrderQueueView(QueueView):
    """Orders placed with suppliers, by what has to be done with them."""

    verb = "inventory.view_supply"
    model = SupplierOrder
    table_class = SupplierOrderTable
    filterset_class = SupplierOrderFilter
    template_name = "inventory/supply/queue.html"
    row_template = "inventory/supply/_order_row.html"
    empty_template = "inventory/supply/_no_orders.html"
    title = "Supplier orders"
    noun = "supplier order"
    default_sort = "expected_on"
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("supply:approve", "inventory.approve_supply", "Approve", key="a"),
        BulkAction("supply:mail", "inventory.purchase", "Send by e-mail", key="m", phrase="Send {} by e-mail"),
        BulkAction("supply:send", "inventory.purchase", "Mark sent", key="s", phrase="Mark {} sent"),
    )
    work: ClassVar[tuple[Work, ...]] = (Work("draft", "inventory.purchase"), Work("draft", "inventory.approve_supply"))
    alerts: ClassVar[tuple[Alert, ...]] = (
        Alert(
            "Supplier orders that are late",
            Q(status__in=SupplierOrder.OPEN),
            *("expected_on", "inventory.purchase", "tab=late"),
            after=timedelta(days=1),
            party="supplier__name",
        ),
    )

    @property
    def tabs(self) -> tuple[Tab, ...]:  # type: ignore[override]
        """The states as they are today."""
        return tuple(
            Tab(slug, _TABS[slug], condition) for slug, condition in supply_queries.tabs(today_of(self.request)).items()
        )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the orders with their figures."""
        return supply_queries.supplier_orders(person(self.request), today_of(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person buys, and in what currency."""
        user = person(self.request)
        return {"can_buy": user.can("inventory.purchase"), "currency": user.company.currency}


class SupplierOrderView(VerbRequiredMixin, View):
    """One supplier order: its lines, what came of them and who waits for each."""

    verb = "inventory.view_supply"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the order."""
        user = person(request)
        order = one_of(user, pk)
        lines = supply_queries.lines_of_order(order)
        return render(
            request,
            "inventory/supply/order.html",
            {
                "title": order.number,
                "order": order,
                "lines": lines,
                "today": today_of(request),
                "noted": notes.desk_of("supplierorder", pk, user),
                "mails": supply_queries.mails_of(order),
                "costs": supply_queries.late_costs_of(order),
                "may_add_cost": user.can("inventory.purchase") and any(line.received for line in lines),
                "waiting": sum(len(line.waits) for line in lines),
                "actions": shown_actions(order, user),
                "action_fields": {"id": pk},
                "may_answer": user.can("inventory.purchase") and order.status in SupplierOrder.OPEN,
                "may_edit": user.can("inventory.purchase") and not supply_queries.blockers(order, "edit", user),
                "may_receive": user.can("inventory.receive") and order.status in SupplierOrder.OPEN,
            },
        )


_MAIL = {False: "Send by e-mail", True: "E-mail it again"}


def one_of(user: Any, pk: int) -> Any:
    """Return a supplier order that the person may see, with its figures.

    :raises Http404: where there is none.
    """
    return get_object_or_404(supply_queries.supplier_orders(user, moment_for(user).date()), pk=pk)


def shown_actions(order: SupplierOrder, user: Any) -> list[dict[str, Any]]:
    """Return the verbs that a person may do to an order in its state, the one that comes next first."""
    next_step = "mail" if order.status == SupplierOrder.Status.APPROVED else ""
    waits = "Orders that wait for it are told, and the sales desk is asked about each."
    offered = (
        ("approve", "inventory.approve_supply", "Approve", "a", ""),
        ("mail", "inventory.purchase", _MAIL[order.status in SupplierOrder.OPEN], "m", ""),
        ("send", "inventory.purchase", "Mark sent", "s", ""),
        (
            "close",
            "inventory.purchase",
            "Close",
            "",
            f"Close {order}? What has not come is not expected any more. {waits}",
        ),
        ("cancel", "inventory.purchase", "Cancel order", "", f"Cancel {order}? {waits}"),
    )
    return [
        {
            "label": label,
            "url": reverse(f"supply:{verb}"),
            "key": key,
            "confirm": confirm,
            "primary": verb in ("approve", next_step),
        }
        for verb, needs, label, key, confirm in offered
        if user.can(needs) and not supply_queries.blockers(order, verb, user)
    ]


class PrintOrderView(VerbRequiredMixin, View):
    """A supplier order on paper, as it is sent."""

    verb = "inventory.view_supply"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print the order."""
        order = one_of(person(request), pk)
        return HttpResponse(
            documents.render_supplier_order(supply_queries.paper(order)),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{order.number}.pdf"'},
        )


class ApproveOrdersView(QueueActionView):
    """Says yes to drafts."""

    verb = "inventory.approve_supply"
    queue, queue_url = SupplierOrderQueueView, "supply:orders"
    service, ids_name = services.approve_supplier_orders, "order_ids"
    done, done_many = "Approved.", "{n} supplier orders approved."


class SendOrdersView(QueueActionView):
    """Notes that suppliers have their orders."""

    verb = "inventory.purchase"
    queue, queue_url = SupplierOrderQueueView, "supply:orders"
    service, ids_name = services.send_supplier_orders, "order_ids"
    done, done_many = "Sent: orders that wait have a date now.", "{n} supplier orders sent."


class MailOrdersView(QueueActionView):
    """Has orders sent to their suppliers by e-mail."""

    verb = "inventory.purchase"
    queue, queue_url = SupplierOrderQueueView, "supply:orders"
    service, ids_name = services.mail_supplier_orders, "order_ids"
    done, done_many = "On its way by e-mail.", "{n} supplier orders on their way by e-mail."


class CancelOrdersView(QueueActionView):
    """Calls orders off."""

    verb = "inventory.purchase"
    queue, queue_url = SupplierOrderQueueView, "supply:orders"
    service, ids_name = services.cancel_supplier_orders, "order_ids"
    done, done_many = "Cancelled.", "{n} supplier orders cancelled."


class CloseOrdersView(QueueActionView):
    """Closes orders of which no more is expected."""

    verb = "inventory.purchase"
    queue, queue_url = SupplierOrderQueueView, "supply:orders"
    service, ids_name = services.close_supplier_orders, "order_ids"
    done, done_many = "Closed.", "{n} supplier orders closed."


class AcknowledgeView(FormPageMixin, FormView):
    """What a supplier answered: their number, and the day of each line."""

    verb = "inventory.purchase"
    form_class = AcknowledgeForm
    template_name, fragment_name = "inventory/supply/acknowledge.html", "inventory/supply/_acknowledge_form.html"
    submit_label = "Save the dates"
    done = "Dates saved: orders that wait for it are told where theirs moved."

    @cached_property
    def order(self) -> SupplierOrder:
        """The order, where it is one of the person's companies'."""
        found: SupplierOrder = one_of(person(self.request), self.kwargs["pk"])
        return found

    @property
    def title(self) -> str:  # type: ignore[override]
        """The order."""
        return f"Dates of {self.order}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the lines that are open."""
        lines = [line for line in supply_queries.lines_of_order(self.order) if line.open]
        return {**super().get_form_kwargs(), "order": self.order, "lines": lines}

    def save(self, form: AcknowledgeForm) -> int:
        """Save the dates."""
        services.acknowledge_supplier_order(
            order_id=self.order.pk,
            their_number=form.cleaned_data["their_number"],
            dates=form.dates(),
            actor=person(self.request),
            at=moment(self.request),
        )
        return self.order.pk

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the order's page."""
        return reverse("supply:order", args=[self.order.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order."""
        return super().get_context_data(order=self.order, **kwargs)


class EditDraftView(FormPageMixin, FormView):
    """Changes how many units of its lines a draft orders."""

    verb = "inventory.purchase"
    form_class = DraftForm
    template_name, fragment_name = "inventory/supply/acknowledge.html", "inventory/supply/_draft_form.html"
    submit_label = "Save the draft"
    done = "Draft saved."

    @cached_property
    def order(self) -> SupplierOrder:
        """The order, where it is one of the person's companies'."""
        found: SupplierOrder = one_of(person(self.request), self.kwargs["pk"])
        return found

    @property
    def title(self) -> str:  # type: ignore[override]
        """The order."""
        return f"Edit {self.order}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the lines."""
        return {**super().get_form_kwargs(), "lines": supply_queries.lines_of_order(self.order)}

    def save(self, form: DraftForm) -> int:
        """Save the quantities."""
        services.change_draft(
            order_id=self.order.pk,
            quantities=form.quantities(),
            actor=person(self.request),
            at=moment(self.request),
        )
        return self.order.pk

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the order's page."""
        return reverse("supply:order", args=[self.order.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order."""
        return super().get_context_data(order=self.order, **kwargs)


class SuggestionsView(VerbRequiredMixin, View):
    """What should be bought, from whom, and why; ticked rows become drafts."""

    verb = "inventory.view_supply"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what should be bought today."""
        user = person(request)
        found = suggestions(company_ids=[user.company.pk], today=today_of(request))
        return render(
            request,
            "inventory/supply/suggestions.html",
            {
                "title": "To buy",
                "suggestions": found,
                "currency": user.company.currency,
                "can_buy": user.can("inventory.purchase"),
                "unsold": sum(1 for one in found if one.item is None),
            },
        )


class DraftSuggestionsView(VerbRequiredMixin, View):
    """Puts what was ticked into drafts, one per supplier and warehouse."""

    verb = "inventory.purchase"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Make the drafts, or say why not."""
        orders = services.draft_suggestions(keys=request.POST.getlist("key"), actor=person(request), at=moment(request))
        names = ", ".join(order.number for order in orders)
        messages.success(request, f"{names}: look through and approve.")
        url = reverse("supply:order", args=[orders[0].pk]) if len(orders) == 1 else reverse("supply:orders")
        return go_to(request, url)
