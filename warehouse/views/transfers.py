"""Transfers between warehouses: the queue, one of them, and making, sending, dating and receiving it."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, partial
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View
from django.views.generic.edit import FormView

from core import notes
from core.models import User
from core.pages import FormPageMixin, VerbRequiredMixin, moment, moment_for, person, today_of
from core.queues import BulkAction, QueueActionView, QueueView, Tab
from core.transactions import undone
from inventory import services as inventory_services
from inventory.models import Transfer, Warehouse
from inventory.queries import transfers as transfer_queries
from warehouse import documents, services
from warehouse.filters import TransferFilter
from warehouse.forms import ArrivedForm, SendForm, TransferForm
from warehouse.queries.transfers import Taken, slip, taken_from
from warehouse.tables import TransferTable
from warehouse.views.papers import pdf

_TABS = {"draft": "To send", "sent": "On their way", "late": "Late", "done": "Done"}


class TransferQueueView(QueueView):
    """Transfers from and to the person's warehouses, by what has to be done with them."""

    verb = "inventory.view_stock"
    model = Transfer
    table_class = TransferTable
    filterset_class = TransferFilter
    template_name = "warehouse/transfers/queue.html"
    row_template = "warehouse/transfers/_row.html"
    empty_template = "warehouse/transfers/_empty.html"
    title = "Transfers"
    noun = "transfer"
    default_sort = "expected_on"
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction(
            "transfers:cancel",
            "inventory.transfer",
            "Cancel",
            confirm="Cancel these transfers? What they keep is free again, and orders that wait for it are told.",
        ),
    )

    @property
    def tabs(self) -> tuple[Tab, ...]:  # type: ignore[override]
        """The states as they are today."""
        found = transfer_queries.tabs(today_of(self.request))
        return tuple(Tab(slug, _TABS[slug], condition) for slug, condition in found.items())

    def get_queryset(self) -> QuerySet[Any]:
        """Return the transfers with their figures."""
        return transfer_queries.transfers(person(self.request), today_of(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person makes transfers."""
        return {"can_transfer": person(self.request).can("inventory.transfer")}


class TransferView(VerbRequiredMixin, View):
    """One transfer: its lines, who waits for each, and what was done with it."""

    verb = "inventory.view_stock"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the transfer."""
        user = person(request)
        transfer = one_of(user, pk)
        lines = transfer_queries.lines_of(transfer)
        may = {
            verb: user.can(needs) and not transfer_queries.blockers(transfer, verb) and works_in(user, where)
            for verb, needs, where in (
                ("send", "inventory.transfer", transfer.from_warehouse),
                ("cancel", "inventory.transfer", None),
                ("date", "inventory.transfer", None),
                ("receive", "inventory.receive", transfer.to_warehouse),
            )
        }
        return render(
            request,
            "warehouse/transfers/transfer.html",
            {
                "title": transfer.number,
                "transfer": transfer,
                "lines": lines,
                "noted": notes.desk_of("transfer", pk, user),
                "waiting": sum(len(line.waits) for line in lines),
                "moves": list(transfer_queries.moves_of(transfer)),
                "may": may,
                "action_fields": {"id": pk},
                "cancel_url": reverse("transfers:cancel"),
            },
        )


def one_of(user: User, pk: int) -> Any:
    """Return a transfer that the person may see, with its figures.

    :raises Http404: where there is none.
    """
    return get_object_or_404(transfer_queries.transfers(user, moment_for(user).date()), pk=pk)


def works_in(user: User, warehouse: Warehouse | None) -> bool:
    """Say whether a person works in a warehouse, where one is named."""
    return warehouse is None or Warehouse.objects.for_user(user).filter(pk=warehouse.pk).exists()


class CreateTransferView(FormPageMixin, FormView):
    """Keeps goods at one warehouse for another."""

    verb = "inventory.transfer"
    form_class = TransferForm
    template_name, fragment_name = "warehouse/transfers/new.html", "core/_form.html"
    title = "New transfer"
    submit_label = "Keep the goods for it"
    done = "The goods are kept for it: send them when they leave."

    def get_initial(self) -> dict[str, Any]:
        """Offer tomorrow, and the item from whose page the person came."""
        item = self.request.GET.get("item", "")[:60]
        return {"expected_on": today_of(self.request) + timedelta(days=1), "items": f"{item} " if item else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}

    def save(self, form: TransferForm) -> int:
        """Make the transfer."""
        return inventory_services.draft_transfer(
            from_id=form.cleaned_data["from_warehouse"].pk,
            to_id=form.cleaned_data["to_warehouse"].pk,
            carried=form.cleaned_data["items"],
            expected_on=form.cleaned_data["expected_on"],
            actor=person(self.request),
            at=moment(self.request),
        )

    def url_of(self, reference: Any) -> str:
        """Return the transfer's page."""
        return reverse("transfers:transfer", args=[reference])

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("transfers:queue")


class OfTransferMixin(FormPageMixin):
    """A form over one transfer."""

    kwargs: dict[str, Any]

    @cached_property
    def transfer(self) -> Any:
        """The transfer, where it is from or to a warehouse of the person's."""
        return one_of(person(self.request), self.kwargs["pk"])

    @cached_property
    def lines(self) -> list[Any]:
        """Its lines of which something is still to come."""
        return [line for line in transfer_queries.lines_of(self.transfer) if line.open > 0]

    def url_of(self, reference: Any) -> str:
        """Return the transfer's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """Return the transfer's page."""
        return reverse("transfers:transfer", args=[self.transfer.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the transfer."""
        return super().get_context_data(transfer=self.transfer, **kwargs)


def bins_of(transfer: Transfer, lines: list[Any], user: User) -> dict[int, list[Taken]]:
    """Return by line from which bins a draft would be sent now; nothing of one that was sent."""
    if transfer_queries.blockers(transfer, "send"):
        return {}
    plan = partial(inventory_services.plan_transfer, transfer_id=transfer.pk, actor=user, at=moment_for(user))
    return taken_from(lines, undone(plan))


class SendTransferView(OfTransferMixin, FormView):
    """Sends a transfer's goods, from the bins that are named: all that is kept, or less."""

    verb = "inventory.transfer"
    form_class = SendForm
    template_name, fragment_name = "warehouse/transfers/form.html", "warehouse/transfers/_send_form.html"
    submit_label = "Send"
    done = "Sent: it is on its way."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The transfer."""
        return f"Send {self.transfer}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the lines."""
        return {**super().get_form_kwargs(), "lines": self.lines}

    def save(self, form: SendForm) -> int:
        """Send it."""
        services.send_transfer(
            transfer_id=self.transfer.pk, units=form.units(), actor=person(self.request), at=moment(self.request)
        )
        return int(self.transfer.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add from which bins, and whether it can be sent at all."""
        taken = bins_of(self.transfer, self.lines, person(self.request))
        for line in self.lines:
            line.taken = taken.get(line.pk, [])
        return super().get_context_data(blockers=transfer_queries.blockers(self.transfer, "send"), **kwargs)


class ReceiveTransferView(OfTransferMixin, FormView):
    """Checks goods of a transfer in; the orders that wait for each item are named beside it."""

    verb = "inventory.receive"
    form_class = ArrivedForm
    template_name, fragment_name = "warehouse/transfers/form.html", "warehouse/transfers/_receive_form.html"
    done = "Goods received: what waited for them is allocated."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The transfer."""
        return f"Receive {self.transfer}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the lines, with the shelf on which each lies."""
        return {
            **super().get_form_kwargs(),
            "lines": self.lines,
            "homes": transfer_queries.homes(self.transfer, {line.product_id for line in self.lines}),
            "shelf_of": partial(transfer_queries.shelf_of, self.transfer),
        }

    def save(self, form: ArrivedForm) -> int:
        """Check the goods in."""
        services.receive_transfer(
            transfer_id=self.transfer.pk,
            arrivals=form.arrivals,
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(self.transfer.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether anything is to come."""
        return super().get_context_data(blockers=transfer_queries.blockers(self.transfer, "receive"), **kwargs)


class DayForm(forms.Form):
    """The day on which a transfer is expected."""

    expected_on = forms.DateField(
        label="Expected there",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autofocus": True}),
        help_text="Orders that wait for it are told where theirs moves.",
    )


class DateTransferView(OfTransferMixin, FormView):
    """Expects a transfer on another day."""

    verb = "inventory.transfer"
    form_class = DayForm
    template_name, fragment_name = "warehouse/transfers/form.html", "core/_form.html"
    submit_label = "Save the day"
    done = "Saved: orders that wait for it are told where theirs moved."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The transfer."""
        return f"Day of {self.transfer}"

    def get_initial(self) -> dict[str, Any]:
        """Show the day as it is."""
        return {"expected_on": self.transfer.expected_on}

    def save(self, form: DayForm) -> int:
        """Save the day."""
        inventory_services.date_transfer(
            transfer_id=self.transfer.pk,
            expected_on=form.cleaned_data["expected_on"],
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(self.transfer.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether it has a day to change."""
        return super().get_context_data(blockers=transfer_queries.blockers(self.transfer, "date"), **kwargs)


class CancelTransfersView(QueueActionView):
    """Calls drafts off."""

    verb = "inventory.transfer"
    queue, queue_url = TransferQueueView, "transfers:queue"
    service, ids_name = inventory_services.cancel_transfers, "transfer_ids"
    done, done_many = "Cancelled: what it kept is free again.", "{n} transfers cancelled."


class TransferSlipView(VerbRequiredMixin, View):
    """A transfer on paper: what to take from which bins, or what was sent."""

    verb = "inventory.view_stock"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print the slip as things stand now."""
        user = person(request)
        transfer = one_of(user, pk)
        taken = bins_of(transfer, transfer_queries.lines_of(transfer), user)
        content = documents.render_transfer_slip(slip(transfer, taken))
        return pdf(content, f"transfer-{transfer.number}.pdf")
