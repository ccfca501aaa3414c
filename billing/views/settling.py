"""Pages where money meets documents: a customer's payment over many invoices, credit applied, a settlement undone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView, View

from billing import queries, services
from billing.filters import UnappliedQueueFilter
from billing.forms import CustomerPaymentForm, SharesForm
from billing.models import Invoice, Payment
from billing.tables import UnappliedQueueTable
from core.idempotency import once
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, next_url, person, today_of
from core.queues import QueueView, Tab, Work
from orders.models import Customer


class UnappliedQueueView(QueueView):
    """Payments of which something waits to be applied to invoices."""

    verb = "billing.view"
    model = Payment
    table_class = UnappliedQueueTable
    filterset_class = UnappliedQueueFilter
    row_template = "billing/_unapplied_row.html"
    empty_template = "billing/_unapplied_empty.html"
    title = "Unapplied cash"
    noun = "payment"
    default_sort = "received_on"
    tabs: ClassVar[tuple[Tab, ...]] = (Tab("all", "Waiting", Q()),)
    work: ClassVar[tuple[Work, ...]] = (Work("all", "billing.pay"),)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the payments with what is left of each."""
        return queries.unapplied_payments(person(self.request))

    def extra_context(self) -> dict[str, Any]:
        """Say whether the person may apply what is left."""
        return {"may_apply": person(self.request).can("billing.pay")}


class SharesPage(FormPageMixin, FormView):
    """What a customer's payment page and those that apply credit share: the open invoices, an amount beside each."""

    template_name = "billing/shares.html"
    fragment_name = "billing/_shares_form.html"
    object = None
    customer: Customer
    currency: str

    def items(self) -> list[Any]:
        """Return the customer's open invoices, the oldest first."""
        return list(queries.open_items(person(self.request), self.customer.pk, self.currency))

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the invoices that it has amounts for."""
        kwargs = super().get_form_kwargs()
        return {**kwargs, "items": self.items(), "currency": self.currency, **self.limits()}

    def limits(self) -> dict[str, Any]:
        """Return what else the form has to know."""
        return {}

    def url_of(self, reference: Any) -> str:
        """Return the customer's page."""
        return reverse("orders:customer", args=[self.customer.pk])

    def cancel_url(self) -> str:
        """Return the customer's page."""
        return self.url_of(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the customer and what waits to be applied."""
        context = super().get_context_data(**kwargs)
        unapplied = queries.unapplied_of(person(self.request), self.customer.pk, self.currency)
        rows = context["form"].rows()
        return {**context, "customer": self.customer, "currency": self.currency, "unapplied": unapplied, "rows": rows}


class CustomerPaymentView(SharesPage):
    """Records money that came in from a customer: the oldest invoices are settled first, or what is keyed by row."""

    verb = "billing.pay"
    title = "Record a payment"
    submit_label = "Record payment"
    done = "Payment recorded."
    form_class = CustomerPaymentForm

    @property
    def customer(self) -> Customer:  # type: ignore[override]
        """The customer in the address."""
        mine = Customer.objects.for_user(person(self.request)).select_related("price_list", "company")
        return get_object_or_404(mine, pk=self.kwargs["customer_pk"])

    @property
    def currency(self) -> str:  # type: ignore[override]
        """The currency in which the customer is billed."""
        return self.customer.price_list.currency

    def limits(self) -> dict[str, Any]:
        """Tell the form what day it is at the company."""
        return {"today": today_of(self.request)}

    def save(self, form: CustomerPaymentForm) -> int:
        """Record the payment, and return its key."""
        payment = services.receive_payment(
            customer_id=self.customer.pk,
            currency=self.currency,
            shares=form.shares(),
            actor=person(self.request),
            at=moment(self.request),
            **{name: form.cleaned_data[name] for name in ("amount", "method", "reference", "received_on")},
        )
        return payment.pk


class ApplyView(SharesPage):
    """Applies what is left of a payment or of a credit note to the customer's invoices, in amounts keyed by row."""

    verb = "billing.pay"
    title = "Apply credit"
    submit_label = "Apply"
    done = "Applied."
    form_class = SharesForm

    @property
    def source(self) -> Any:
        """The payment or credit note in the address.

        :raises Http404: where there is none with something left.
        """
        if not hasattr(self, "_source"):
            user = person(self.request)
            if "payment_pk" in self.kwargs:
                waiting: Any = queries.unapplied_payments(user).filter(pk=self.kwargs["payment_pk"])
            else:
                waiting = Invoice.objects.for_user(user).filter(pk=self.kwargs["pk"], settled__gt=F("gross"))
                waiting = waiting.select_related("customer").defer("snapshot").annotate(left=F("settled") - F("gross"))
            self._source = get_object_or_404(waiting)
        return self._source

    @property
    def customer(self) -> Customer:  # type: ignore[override]
        """Whose credit it is."""
        found: Customer = self.source.customer
        return found

    @property
    def currency(self) -> str:  # type: ignore[override]
        """The currency of what is left."""
        return str(self.source.currency)

    def limits(self) -> dict[str, Any]:
        """Tell the form how much there is to apply."""
        return {"left": self.source.left}

    def save(self, form: SharesForm) -> int:
        """Apply the amounts, and return the key of the customer."""
        source = {"payment_id" if "payment_pk" in self.kwargs else "credit_note_id": self.source.pk}
        shares = form.shares()
        if shares is None:
            rows = queries.shares_oldest_first(self.items(), self.source.left)
            shares = {item.pk: share for item, share, _left in rows}
        services.apply_credit(shares=shares, actor=person(self.request), at=moment(self.request), **source)
        return self.customer.pk

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is applied."""
        return super().get_context_data(source=self.source, **kwargs)


class UndoSettlementView(VerbRequiredMixin, View):
    """Undoes one settlement of a document, and no other."""

    verb = "billing.pay"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, pk: int, settlement_pk: int) -> HttpResponse:
        """Undo it once, and go back to the document.

        :raises Http404: where the document is not this person's, or the settlement not its.
        """
        mine = Invoice.objects.for_user(person(request)).filter(pk=pk)
        found = mine.filter(Q(settlements=settlement_pk) | Q(applied=settlement_pk))
        if not found.exists():
            raise Http404("No such settlement.")
        once(
            actor=person(request),
            key=request.POST.get("idempotency_key") or f"undo-{settlement_pk}",
            verb=self.verb,
            request={"path": request.path},
            effect=lambda: (
                services.undo_settlement(settlement_id=settlement_pk, actor=person(request), at=moment(request)).pk
            ),
        )
        messages.success(request, "Undone. The amount is open again.")
        return go_to(request, next_url(request) or reverse("billing:invoice", args=[pk]))
