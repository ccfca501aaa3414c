"""A payment's page: what it settled, what is left of it; and the forms that pay back what is left."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import DetailView, FormView

from billing import queries, services
from billing.forms import RefundForm
from core import notes
from core.pages import FormPageMixin, VerbRequiredMixin, moment, person, today_of


class PaymentView(VerbRequiredMixin, DetailView):
    """A payment or refund: what it settled, what went back of it and what waits to be applied."""

    verb = "billing.view"
    template_name = "billing/payment.html"
    context_object_name = "payment"

    def get_queryset(self) -> QuerySet[Any]:
        """Return the payments of the person's companies, with what is left of each."""
        return queries.payments(person(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what it settled, and what the person may do with what is left."""
        payment: Any = self.object
        user = person(self.request)
        has_rest = payment.amount > 0 and payment.left > 0
        may_refund = has_rest and user.can("billing.refund")
        return super().get_context_data(
            title=f"{'Payment' if payment.amount > 0 else 'Refund'} {payment.number}",
            is_refund=payment.amount < 0,
            applied=payment.settled - payment.paid_back,
            settlements=queries.settlements_by(payment),
            refunds=list(payment.refunds.select_related("recorded_by").order_by("pk")) if payment.paid_back else [],
            can_settle=user.can("billing.pay"),
            apply_url=reverse("billing:apply_payment", args=[payment.pk])
            if has_rest and user.can("billing.pay")
            else "",
            refund_url=reverse("billing:refund_payment", args=[payment.pk]) if may_refund else "",
            noted=notes.desk_of("payment", payment.pk, user),
            **kwargs,
        )


class RefundPage(FormPageMixin, FormView):
    """What paying back a credit note and a payment share: the amount that is left, and how it went out."""

    verb = "billing.refund"
    title = "Pay back"
    submit_label = "Record refund"
    done = "Refund recorded."
    form_class = RefundForm
    template_name = "billing/refund.html"
    object = None

    @property
    def source(self) -> Any:
        """What is paid back."""
        raise NotImplementedError

    def left(self) -> Any:
        """Return how much may go back."""
        raise NotImplementedError

    def get_form_kwargs(self) -> dict[str, Any]:
        """Tell the form what is left."""
        today = today_of(self.request)
        limits = {"currency": self.source.currency, "still_open": self.left(), "today": today}
        return {**super().get_form_kwargs(), **limits}

    def keyed(self, form: RefundForm) -> dict[str, Any]:
        """Return what was typed as the services take it."""
        names = ("amount", "method", "reference", "received_on")
        return {name: form.cleaned_data[name] for name in names} | {
            "actor": person(self.request),
            "at": moment(self.request),
        }

    def cancel_url(self) -> str:
        """Return the page of what is paid back."""
        return self.url_of(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is paid back."""
        return super().get_context_data(source=self.source, left=self.left(), **kwargs)


class RefundView(RefundPage):
    """Pays back what is left of a credit note."""

    @property
    def source(self) -> Any:
        """The credit note in the address.

        :raises Http404: where there is none with something left.
        """
        if not hasattr(self, "_source"):
            notes = queries.invoices(person(self.request), moment(self.request)).filter(queries.State.UNUSED)
            self._source = get_object_or_404(notes.select_related("company", "customer"), pk=self.kwargs["pk"])
        return self._source

    def left(self) -> Any:
        """Return what no invoice and no refund used of it."""
        return -self.source.open

    def save(self, form: RefundForm) -> int:
        """Record the refund, and return its key."""
        return services.refund_credit(credit_note_id=self.source.pk, **self.keyed(form)).pk

    def url_of(self, reference: Any) -> str:
        """Return the credit note's page."""
        return reverse("billing:invoice", args=[self.kwargs["pk"]])


class RefundPaymentView(RefundPage):
    """Pays back what no invoice took up of a payment."""

    @property
    def source(self) -> Any:
        """The payment in the address.

        :raises Http404: where there is none with something left.
        """
        if not hasattr(self, "_source"):
            waiting = queries.unapplied_payments(person(self.request)).select_related("company")
            self._source = get_object_or_404(waiting, pk=self.kwargs["payment_pk"])
        return self._source

    def left(self) -> Any:
        """Return what waits to be applied of it."""
        return self.source.left

    def save(self, form: RefundForm) -> int:
        """Record the refund, and return its key."""
        return services.refund_payment(payment_id=self.source.pk, **self.keyed(form)).pk

    def url_of(self, reference: Any) -> str:
        """Return the payment's page."""
        return reverse("billing:payment", args=[self.kwargs["payment_pk"]])
