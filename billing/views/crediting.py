"""The page that credits an invoice: units or an amount by line, a reason, and whether the units are billed again."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from billing import queries, services
from billing.forms import CreditNoteForm
from billing.models import Invoice
from core.pages import FormPageMixin, moment, person


class CreditInvoiceView(FormPageMixin, FormView):
    """Posts a credit note against an invoice."""

    verb = "billing.credit"
    template_name = "billing/credit.html"
    fragment_name = "billing/_credit_form.html"
    submit_label = "Post credit note"
    done = "Credit note posted."
    form_class = CreditNoteForm
    object = None

    @property
    def invoice(self) -> Any:
        """The invoice in the address.

        :raises Http404: where there is none that the person may see.
        """
        if not hasattr(self, "_invoice"):
            invoices = queries.invoices(person(self.request), moment(self.request)).filter(kind=Invoice.Kind.INVOICE)
            self._invoice = get_object_or_404(invoices.defer(None), pk=self.kwargs["pk"])
        return self._invoice

    @property
    def title(self) -> str:  # type: ignore[override]
        """What is done here."""
        return f"Credit {self.invoice.number}"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form what is left of each line."""
        left = queries.left_to_credit(self.invoice)
        return {**super().get_form_kwargs(), "left": left, "invoice": self.invoice}

    def save(self, form: CreditNoteForm) -> int:
        """Post the credit note and return its key.

        :raises Refused: where somebody else's credit note came in between.
        """
        note = services.post_credit_note(
            invoice_id=self.invoice.pk,
            lines=form.lines(),
            reason=form.cleaned_data["reason"],
            bills_again=form.cleaned_data["bills_again"] == "again",
            actor=person(self.request),
            at=moment(self.request),
        )
        return note.pk

    def url_of(self, reference: Any) -> str:
        """Return the credit note's page."""
        return reverse("billing:invoice", args=[reference])

    def cancel_url(self) -> str:
        """Return the invoice's page."""
        return reverse("billing:invoice", args=[self.kwargs["pk"]])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the invoice."""
        return super().get_context_data(invoice=self.invoice, **kwargs)
