"""One return: its page, and the form of each step."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core import notes
from core.pages import FormPageMixin, VerbRequiredMixin, moment, person
from core.refusals import Refused
from returns import queries, services
from returns.forms import ArrivalForm, DecisionForm, InspectionForm, QuarantineForm, SettlementForm
from returns.models import ReturnOrder, ReturnSettlement
from returns.queries import pages

Status = ReturnOrder.Status


class ReturnView(VerbRequiredMixin, View):
    """One return: its steps, what came and where it went, and the form of the step that comes next."""

    verb = "returns.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the return."""
        return render(request, "returns/return.html", return_context(request, pk))


def return_context(request: HttpRequest, pk: int, **sent: Any) -> dict[str, Any]:
    """Return what a return's page shows; `sent` are forms that came back with mistakes.

    :raises Http404: where there is no such return in the person's companies.
    """
    user = person(request)
    row = get_object_or_404(queries.returns(user), pk=pk)
    parts = queries.parts_of_return(row)
    forms: dict[str, Any] = {}
    if row.status in pages.RECEIVABLE and not row.is_lost and user.can("returns.receive"):
        forms["receive_form"] = ArrivalForm(parts=parts, initial={"scanned": request.GET.get("scanned", "")[:80]})
    if user.can("returns.inspect") and any(part.waiting for part in parts):
        forms["inspect_form"] = InspectionForm(parts=parts)
    if user.can("returns.inspect") and any(part.undecided for part in parts):
        forms["decide_form"] = DecisionForm(parts=parts, shelf_of=partial(queries.shelf_of, row))
    if user.can("returns.inspect") and any(part.quarantined for part in parts):
        forms["quarantine_form"] = QuarantineForm(parts=parts, shelf_of=partial(queries.shelf_of, row))
    if row.status == Status.DECIDED and user.can("returns.settle"):
        forms |= settlement_context(request, row)
    settlement = pages.settlement_of(row)
    if settlement is not None and user.can("orders.view_prices"):
        forms["notes"] = services.settlement_notes(settlement_id=settlement.pk)
    facts = pages.facts_of_return(row)
    return {
        "title": row.number,
        "return": row,
        "parts": parts,
        "units": queries.units_of([pk]).get(pk, pages.Units()),
        "facts": facts,
        "settlement": settlement,
        "dispositions": pages.dispositions_of_return(row),
        "exits": pages.exits_of_return(row),
        "action_fields": {"id": pk},
        "noted": notes.desk_of("returnorder", pk, user),
        "awaits": any(part.awaited for part in parts),
        "can_authorize": row.status == Status.REQUESTED and user.can("returns.authorize"),
        "can_cancel": row.status in {Status.REQUESTED, Status.AUTHORIZED} and user.can("returns.request"),
        **forms,
        **sent,
    }


def settlement_context(request: HttpRequest, row: ReturnOrder) -> dict[str, Any]:
    """Return the form that settles a return, and line by line what it would post as the form in the address says."""
    user = person(request)
    kinds = ReturnSettlement.Kind
    wished = {"RESHIP": kinds.EXCHANGE, "REFUND": kinds.REFUND}.get(row.wish, kinds.CREDIT)
    asked = request.GET.get("kind")
    kind = kinds(asked) if asked in kinds.values else wished
    with_freight = "with_freight" in request.GET
    context: dict[str, Any] = {
        "settle_form": SettlementForm(initial={"kind": kind, "with_freight": with_freight}),
    }
    if kind in {kinds.CREDIT, kinds.REFUND} and user.can("orders.view_prices"):
        try:
            context["notes"] = services.preview_settlement(
                return_id=row.pk, kind=kind, with_freight=with_freight, actor=user, at=moment(request)
            )
        except Refused as refusal:
            context["settle_refusal"] = refusal
    return context


class StepView(FormPageMixin, FormView):
    """One step of a return; a mistake shows the return's page with the form as it was typed."""

    http_method_names = ["post"]
    template_name, fragment_name = "returns/return.html", "returns/_return.html"
    form_name = ""

    @cached_property
    def row(self) -> ReturnOrder:
        """The return, where it is one of the person's companies'."""
        return get_object_or_404(queries.returns(person(self.request)), pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the items as they stand."""
        return {**super().get_form_kwargs(), "parts": queries.parts_of_return(self.row)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the return's page shows, with the form that was sent in its place."""
        form = kwargs.pop("form", None)
        context = return_context(self.request, self.row.pk, **({self.form_name: form} if form else {}))
        return {"view": self, **context, **kwargs}

    def known_reference(self) -> int:
        """Stay with the return."""
        return int(self.row.pk)

    def url_of(self, reference: Any) -> str:
        """Stay with the return."""
        return reverse("returns:return", args=[self.row.pk])

    def cancel_url(self) -> str:
        """Stay with the return."""
        return self.url_of(None)


class ReceiveReturnView(StepView):
    """Takes in what came of a return."""

    verb = "returns.receive"
    form_class = ArrivalForm
    form_name = "receive_form"
    done = "Goods received."

    def save(self, form: ArrivalForm) -> int:
        """Receive the goods and return the receipt's key."""
        receipt = services.receive_return(
            return_id=self.row.pk, arrival=form.arrival(), actor=person(self.request), at=moment(self.request)
        )
        return int(receipt.pk)


class InspectReturnView(StepView):
    """Gives units that came a grade, and takes them where it leads."""

    verb = "returns.inspect"
    form_class = InspectionForm
    form_name = "inspect_form"
    done = "Grades kept."

    def save(self, form: InspectionForm) -> int:
        """Grade the units and return the return's key."""
        row = services.inspect_return(
            return_id=self.row.pk, graded=form.graded(), actor=person(self.request), at=moment(self.request)
        )
        return int(row.pk)


class DecideReturnView(StepView):
    """Takes graded units where they belong."""

    verb = "returns.inspect"
    form_class = DecisionForm
    form_name = "decide_form"
    done = "Goods put away."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the shelves of the warehouse as well."""
        return {**super().get_form_kwargs(), "shelf_of": partial(queries.shelf_of, self.row)}

    def save(self, form: DecisionForm) -> int:
        """Take the units where they go and return the return's key."""
        row = services.decide_return(
            return_id=self.row.pk, decided=form.decided(), actor=person(self.request), at=moment(self.request)
        )
        return int(row.pk)


class ClearQuarantineView(StepView):
    """Takes goods out of quarantine, whatever became of their return."""

    verb = "returns.inspect"
    form_class = QuarantineForm
    form_name = "quarantine_form"
    done = "Goods taken out of quarantine."

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the shelves of the warehouse as well."""
        return {**super().get_form_kwargs(), "shelf_of": partial(queries.shelf_of, self.row)}

    def save(self, form: QuarantineForm) -> int:
        """Take the units where they go and return the return's key."""
        row = services.clear_quarantine(
            return_id=self.row.pk, cleared=form.cleared(), actor=person(self.request), at=moment(self.request)
        )
        return int(row.pk)


class SettleReturnView(StepView):
    """Settles a return: the money, goods again, or nothing."""

    verb = "returns.settle"
    form_class = SettlementForm
    form_name = "settle_form"
    done = "Return settled."

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form is about no item."""
        kwargs = super().get_form_kwargs()
        del kwargs["parts"]
        return kwargs

    def save(self, form: SettlementForm) -> int:
        """Settle the return and give the settlement's key."""
        settlement = services.settle_return(
            return_id=self.row.pk,
            kind=ReturnSettlement.Kind(form.cleaned_data["kind"]),
            with_freight=form.cleaned_data["with_freight"],
            reason=form.cleaned_data["reason"],
            actor=person(self.request),
            at=moment(self.request),
        )
        return int(settlement.pk)
