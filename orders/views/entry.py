"""Keying an order, a new one or a draft: the page, what it would cost as it is typed, what a few letters may mean."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import FormView, View

from core import notes
from core.models import Audience, Company, User
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, person
from core.queues import QueueActionView
from core.refusals import Blocked, Refused
from inventory.models import Calendar
from orders import queries, services
from orders.forms import CELLS, MAX_ROWS, OrderEntryForm, typed_of
from orders.models import EntrySheet, SalesOrder
from orders.queries import entry
from orders.queries.order_page import order_lines
from orders.views.queue import OrderQueueView

# What is typed into the form, and the draft's state that it was typed to
TYPED = (*OrderEntryForm.base_fields, *CELLS, "seen")


def next_working_day(company: Company, day: date) -> date:
    """Return the company's next working day; where it does not say on which days it works, a weekday."""
    return (company if company.weekdays else Calendar()).working_day(day + timedelta(days=1))


class OrderEntryMixin:
    """How the entry form is made from a request: on the company's calendar, for the person who keys."""

    request: HttpRequest

    def form_kwargs(self) -> dict[str, Any]:
        """Return what the form needs to know beside what was typed."""
        now = moment(self.request)
        return {"user": person(self.request), "at": now, "today": now.date()}

    def order_of(self, pk: Any) -> SalesOrder:
        """Return a draft of the person's companies.

        :raises Http404: where there is none of theirs.
        """
        mine = SalesOrder.objects.for_user(person(self.request)).select_related(
            *("customer__price_list", "customer__channel", "customer_po")
        )
        return get_object_or_404(mine, pk=pk)


class EntryPage(OrderEntryMixin, FormPageMixin, FormView):
    """What keying a new order and changing a draft share."""

    verb = "orders.create"
    form_class = OrderEntryForm
    template_name = "orders/entry.html"
    fragment_name = "orders/_entry.html"
    order: SalesOrder | None = None

    def get_form(self, form_class: type[OrderEntryForm] | None = None) -> OrderEntryForm:
        """Return the form as it was typed, as it was kept of an earlier page, or as it begins."""
        kwargs = {**self.form_kwargs(), "order": self.order}
        if self.request.method == "POST":
            return OrderEntryForm(self.request.POST, **kwargs)
        sheet = self.request.GET.get("sheet", "")
        if sheet.isascii() and sheet.isdigit():
            kept = get_object_or_404(entry.sheets_of(kwargs["user"], self.order), pk=sheet)
            form = OrderEntryForm(_as_sent(kept), **kwargs)
            form.is_valid()
            form.forget_blanks()
            return form
        return self.begin(kwargs)

    def begin(self, kwargs: dict[str, Any]) -> OrderEntryForm:
        """Return the form before anything was typed."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the order in; or add empty lines, where the button for that was pressed without JavaScript."""
        if "more" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.get_form()
        form.is_valid()
        form.forget_blanks()
        form.add_blank_rows()
        return self.render_to_response(self.get_context_data(form=form))

    def save(self, form: OrderEntryForm) -> int:
        """Take the order in, and put to it what was noted while it was keyed."""
        order_id = self.take_in(form)
        if text := form.cleaned_data["note"]:
            audience = form.cleaned_data["note_for"] or Audience.OFFICE
            notes.write_note(
                kind="salesorder",
                document_id=order_id,
                text=text,
                audience=audience,
                actor=person(self.request),
                at=form.at,
            )
        return order_id

    def take_in(self, form: OrderEntryForm) -> int:
        """Take the order in, confirmed where that was asked, and return its key.

        :raises Refused: where that cannot be.
        """
        raise NotImplementedError

    @property
    def confirms(self) -> bool:
        """Whether the person asks for the order to be confirmed, and may."""
        return self.request.POST.get("then") in ("confirm", "next") and person(self.request).can("orders.confirm")

    def url_of(self, reference: Any) -> str:
        """Return the order's page."""
        return reverse("orders:detail", args=[reference])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the person may confirm; at the end of the lines there is always an empty one."""
        context = super().get_context_data(**kwargs)
        form: OrderEntryForm = context["form"]
        if not form.rows:
            form.add_blank_rows()
        elif not form.rows[-1].is_blank:
            form.add_blank_rows(1)
        user = person(self.request)
        is_fresh = self.request.method == "GET" and not self.request.GET.get("sheet")
        begun = list(entry.sheets_of(user, self.order)[: entry.SHEETS_SHOWN]) if is_fresh else []
        return {
            **context,
            **_shown(form, user),
            "order": self.order,
            "can_confirm": user.can("orders.confirm"),
            "max_rows": MAX_ROWS,
            "begun": begun,
        }


class CreateOrderView(EntryPage):
    """Keys one order, kept as a draft or confirmed at once."""

    title = "New order"
    done = "Order saved."

    def begin(self, kwargs: dict[str, Any]) -> OrderEntryForm:
        """Return an empty form with the usual dates and the customer in the address."""
        initial = {
            "customer": self.request.GET.get("customer", ""),
            "ordered_on": kwargs["today"],
            "requested_on": next_working_day(kwargs["user"].company, kwargs["today"]),
        }
        return OrderEntryForm(initial=initial, **kwargs)

    def url_of(self, reference: Any) -> str:
        """Return the order's page, or an empty form for the same customer where the next order is keyed at once."""
        if self.request.POST.get("then") != "next":
            return super().url_of(reference)
        return f"{reverse('orders:create')}?{urlencode({'customer': self.request.POST.get('customer', '')})}"

    def take_in(self, form: OrderEntryForm) -> int:
        """Take the order in, confirmed where that was asked.

        :raises Refused: where it was taken in meanwhile from another page.
        """
        user = person(self.request)
        draft = form.draft(cast("Any", form.buyer))
        if self.confirms:
            (taken,) = services.create_and_confirm_orders(drafts=[draft], actor=user, at=form.at)
            if isinstance(taken, Refused):
                raise taken
            self.done = _said(taken.created.order_id, taken.confirmed)
            return taken.created.order_id
        (created,) = services.create_orders(drafts=[draft], actor=user, at=form.at)
        if isinstance(created, Refused):
            raise created
        self.done = f"Draft {created.order_id} saved."
        return created.order_id

    def cancel_url(self) -> str:
        """Return the queue."""
        return reverse("orders:queue")


class EditOrderView(EntryPage):
    """Changes a draft on the same page; an order that is confirmed or cancelled is none."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Know the draft that stands in the address before anything is asked."""
        super().setup(request, *args, **kwargs)
        self.title = f"Draft {kwargs['pk']}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the draft as it stands."""
        self.find()
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put what was typed in the place of the draft."""
        if "more" in request.POST:
            self.find()
        return super().post(request, *args, **kwargs)

    def effect(self) -> Any:
        """Look at the draft within the keyed transaction: the same form sent again leads to what it did."""
        self.find()
        return super().effect()

    def find(self) -> None:
        """Find the draft.

        :raises Blocked: where the order is no draft any more, or longer than a form.
        """
        self.order = self.order_of(self.kwargs["pk"])
        blockers = queries.blockers([self.order.pk], "orders.edit").get(self.order.pk)
        if blockers:
            raise Blocked.because(blockers)

    def begin(self, kwargs: dict[str, Any]) -> OrderEntryForm:
        """Return the form with the draft in it.

        :raises Blocked: where the draft has more lines than a form holds.
        """
        order = cast(SalesOrder, self.order)
        lines = order_lines(order)
        if len(lines) > MAX_ROWS:
            raise Blocked(f"{str(order).capitalize()} has {len(lines)} lines, and a form holds {MAX_ROWS}.")
        form = OrderEntryForm(typed_of(order, lines), **kwargs)
        form.is_valid()
        return form

    def take_in(self, form: OrderEntryForm) -> int:
        """Change the draft, and confirm it where that was asked.

        :raises Refused: where it was changed, confirmed or cancelled in this very moment.
        """
        order = cast(SalesOrder, self.order)
        change = services.DraftChange(order.pk, form.draft(order.customer), form.seen)
        (result,) = services.change_drafts(
            changes=[change], actor=person(self.request), at=form.at, confirm=self.confirms
        ).values()
        if isinstance(result, Refused):
            raise result
        self.done = f"Draft {order.pk} saved." if result.confirmed is None else _said(order.pk, result.confirmed)
        return order.pk

    def cancel_url(self) -> str:
        """Return the draft's page."""
        return reverse("orders:detail", args=[self.kwargs["pk"]])


class PreviewOrderView(OrderEntryMixin, VerbRequiredMixin, View):
    """Says what an order that is being keyed would cost and what is wrong with it."""

    verb = "orders.create"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Return everything that is computed, to be swapped in beside what is typed."""
        pk = request.POST.get("order", "")
        order = self.order_of(pk) if pk.isascii() and pk.isdigit() else None
        form = OrderEntryForm(request.POST, order=order, **self.form_kwargs())
        form.is_valid()
        form.forget_blanks()
        context = {**_shown(form, person(request)), "form": form, "oob": True}
        context["is_other_customer"] = request.POST.get("addresses_of", "") != context["addresses_of"]
        return render(request, "orders/_entry_computed.html", context)


class KeepSheetView(OrderEntryMixin, VerbRequiredMixin, View):
    """Keeps what is typed, so that a closed tab loses nothing."""

    verb = "orders.create"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the form as it stands, and say when that was."""
        pk = request.POST.get("order", "")
        order = self.order_of(pk) if pk.isascii() and pk.isdigit() else None
        now = moment(request)
        form = OrderEntryForm(request.POST, order=order, **self.form_kwargs())
        typed = services.Typed(
            token=form.token,
            content={name: values for name, values in request.POST.lists() if name in TYPED},
            customer=str(form.buyer or request.POST.get("customer", "")),
            lines=sum(not row.is_blank for row in form.rows),
            order_id=order.pk if order else None,
        )
        kept = services.keep_sheet(typed=typed, actor=person(request), at=now)
        return render(request, "orders/_entry_kept.html", {"kept_at": now if kept else None})


class DiscardSheetView(VerbRequiredMixin, View):
    """Forgets what was typed and not saved."""

    verb = "orders.create"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget it, and show the page without it."""
        user = person(request)
        sheet = get_object_or_404(EntrySheet.objects.for_user(user), pk=pk)
        services.finish_sheets(tokens=[sheet.token], actor=user, at=moment(request))
        name = "orders:edit" if sheet.order_id else "orders:create"
        return go_to(request, reverse(name, args=[sheet.order_id] if sheet.order_id else []))


class DiscardDraftsView(QueueActionView):
    """Discards drafts."""

    verb = "orders.create"
    queue, queue_url = OrderQueueView, "orders:queue"
    service, ids_name = services.discard_drafts, "order_ids"
    done, done_many = "Draft discarded.", "{n} drafts discarded."


class FindCustomersView(VerbRequiredMixin, View):
    """Finds customers by the letters of their number or name."""

    verb = "orders.create"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the customers as options of a list."""
        text = request.GET.get("q", "").strip()
        found = entry.customers_like(person(request), text).filter(is_active=True)[: entry.SHOWN] if text else []
        return render(request, "orders/_customer_options.html", {"customers": found, "text": text})


class FindProductsView(VerbRequiredMixin, View):
    """Finds products by the letters of their SKU, name or GTIN, or of the customer's own number."""

    verb = "orders.create"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the products as options of a list, what the customer buys first."""
        text = request.GET.get("q", "").strip()
        user = person(request)
        customer = entry.customer_meant(user, request.GET.get("with", ""))
        found = entry.products_like(user, text, customer)[: entry.SHOWN] if text else []
        context = {"products": found, "text": text, "shows_stock": user.can("inventory.view_stock")}
        return render(request, "orders/_product_options.html", context)


def _as_sent(sheet: EntrySheet) -> QueryDict:
    """Return what was typed as the browser sent it."""
    data = QueryDict(mutable=True)
    for name, values in sheet.content.items():
        data.setlist(name, values)
    return data


def _shown(form: OrderEntryForm, user: User) -> dict[str, Any]:
    """Return what the computed parts of the page show."""
    duplicate = form.quote.duplicate if form.quote else None
    keyed = [(row.product, line.quantity) for row, line in form.drafts if row.product]
    return {
        "buyer": form.buyer,
        "addresses_of": str(form.buyer.pk) if form.buyer else "",
        "quote": form.quote,
        "currency": form.quote.currency if form.quote else "",
        "shows_stock": user.can("inventory.view_stock"),
        "compared": entry.compared_with(duplicate.order_id, keyed) if duplicate else [],
    }


def _said(order_id: int, confirmed: services.Confirmed | Refused) -> str:
    """Return what became of an order that was to be confirmed."""
    if isinstance(confirmed, Refused):
        return f"Draft {order_id} saved, not confirmed: {confirmed.sentence}"
    waiting = confirmed.backordered
    rest = f" {waiting.normalize():,f} units wait for stock." if waiting else ""
    return f"Order {confirmed.number} confirmed.{rest}"
