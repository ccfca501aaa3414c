"""The verbs of a queue: done to one row or to hundreds, asked once where they must be, with a result per row."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View

from core.pages import NOT_ASKED, VerbRequiredMixin, go_to, moment, next_url, person, wants_fragment
from core.queues.listing import MOST_ROWS, NamedRow, QueueView
from core.queues.running import Run, run_in_slices
from core.refusals import Refused

# What a form carries beside the rows and what is asked of them
_MACHINERY = NOT_ASKED | {"id", "next", "ask", "asked", "slice"}


class QueueActionView(VerbRequiredMixin, View):
    """Does one verb to one row or to several, by calls of one service, and shows what came of it.

    `queue` is the view whose rows it acts on. The service is called once for each slice of rows. htmx gets the rows
    anew, the counters and a toast; a plain form is sent back with a message; refusals are named row by row, and where
    all rows were refused the answer is 409.

    A form that carries `ask` (the button's label, a line break and the question) is answered by a page that asks, with
    the fields of `form_class` where the verb has any; where there is a script it asks in a dialog of its own.
    """

    http_method_names = ["post"]
    queue: type[QueueView]
    queue_url = ""
    service: Callable[..., Mapping[int, Any]]
    ids_name = "ids"
    done = "Done."
    done_many = "{n} done."
    form_class: type[Form] | None = None
    template_name = "core/ask.html"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the service a plain function, which Python would otherwise bind to the view."""
        super().__init_subclass__(**kwargs)
        if "service" in cls.__dict__:
            cls.service = staticmethod(cls.__dict__["service"])

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
        """Call the service for the row in the address or the rows in the form, and answer with its results."""
        ids = self.asked_ids(pk)
        if "ask" in request.POST and not wants_fragment(request):
            return self.asking(ids, self.blank_form())
        form = self.form_class(request.POST, **self.form_kwargs()) if self.form_class else None
        if form is not None and not form.is_valid():
            if not wants_fragment(request):
                return self.asking(ids, form, status=422)
            sentences = [str(error) for errors in form.errors.values() for error in errors]
            return self.refused({0: Refused(" ".join(sentences))}, status=422)
        return self.answer(ids, self.run(ids, self.called_with(form) if form is not None else {}))

    def asked_ids(self, pk: int | None) -> list[int]:
        """Return the keys that were asked for and that this person may see.

        :raises Http404: where one of them is not theirs.
        :raises BadRequest: where no row was chosen, more than one run takes, or a key is no number.
        """
        return self.checked_ids({str(pk)} if pk is not None else set(self.request.POST.getlist("id")))

    def checked_ids(self, keys: Collection[str]) -> list[int]:
        """Return keys as numbers, all of rows that this person may see.

        :raises Http404: where one of them is not theirs.
        :raises BadRequest: where there is none, more than one run takes, or a key is no number.
        """
        try:
            asked = {int(key) for key in keys}
        except ValueError as error:
            raise BadRequest("A row's key is a number.") from error
        if not asked:
            raise BadRequest("No row was chosen.")
        if len(asked) > MOST_ROWS:
            raise BadRequest(f"At most {MOST_ROWS} rows at once.")
        model: Any = self.queue.model
        mine = set(model._default_manager.for_user(self.request.user).filter(pk__in=asked).values_list("pk", flat=True))
        if mine != asked:
            raise Http404("No such row.")
        return sorted(asked)

    def blank_form(self) -> Form | None:
        """Return the verb's form as the page that asks first shows it."""
        return self.form_class(**self.form_kwargs()) if self.form_class else None

    def form_kwargs(self) -> Mapping[str, Any]:
        """Return what the verb's form needs to know beside what was typed."""
        return {}

    def called_with(self, form: Form) -> Mapping[str, Any]:
        """Return what the service takes of the verb's form, which is valid."""
        return form.cleaned_data

    def run(self, ids: Sequence[int], extra: Mapping[str, Any]) -> Run:
        """Do the verb to the rows, slice by slice."""
        posted = self.request.POST
        at = moment(self.request)
        call = partial(self.service, actor=self.request.user, at=at, **extra)
        return run_in_slices(
            lambda rows: call(**{self.ids_name: rows}),
            ids,
            actor=person(self.request),
            key=posted.get("idempotency_key") or uuid.uuid4().hex,
            name=self.verb,
            request={"path": self.request.path, **{n: v for n, v in posted.lists() if n not in _MACHINERY}},
            together=self.queue.together(ids),
        )

    def answer(self, ids: Sequence[int], run: Run) -> HttpResponseBase:
        """Answer with what came of the rows: a page or a fragment, and the reasons of those that were refused."""
        if "slice" in self.request.POST:
            return self.slice_report(run)
        is_many = len(ids) > 1
        if run.refused and not run.done and not is_many:
            return self.refused(run.refused)
        target = next_url(self.request)
        if run.refused and (is_many or not target):
            return self.report(run)
        messages.success(self.request, self.done_sentence(run.done))
        if target or not wants_fragment(self.request):
            return go_to(self.request, target or reverse(self.queue_url))
        return self.rows_anew(ids)

    def done_sentence(self, done: Collection[int]) -> str:
        """Return what the toast says of the rows that were done."""
        return self.done if len(done) == 1 else self.done_many.format(n=len(done))

    def refused(self, refusals: Mapping[int, Refused], status: int = 409) -> HttpResponse:
        """Answer that nothing was done, and why."""
        is_fragment = wants_fragment(self.request)
        context = {
            "refusals": list(refusals.values()),
            "refusal": next(iter(refusals.values())),
            "back_url": self.back_url(),
        }
        response = render(self.request, "_refusal.html" if is_fragment else "refusal.html", context, status=status)
        # 422 goes back into its form elsewhere; a row's button has none
        response["HX-Retarget"], response["HX-Reswap"] = "#refusal", "innerHTML"
        return response

    def back_url(self) -> str:
        """Return the page that a page in between leads back to."""
        return next_url(self.request) or self.request.headers.get("Referer", "") or reverse(self.queue_url)

    def asking(self, ids: Sequence[int], form: Form | None, status: int = 200) -> HttpResponse:
        """Ask before the verb is done: the question, the rows that it is about, and what else it has to know."""
        posted = self.request.POST
        asked = posted.get("ask") or posted.get("asked", "")
        label, _, question = asked.partition("\n")
        label = label.strip() or "Go on"
        fields = form.fields if form else {}
        kept = [
            (name, value)
            for name, values in posted.lists()
            for value in values
            if name not in fields and (name not in _MACHINERY or name == "next")
        ]
        context = {
            "title": label if len(ids) == 1 else f"{label} {len(ids)} {self.queue.plural(len(ids))}",
            "label": label,
            "question": question.strip(),
            "asked": asked,
            "rows": list(self.queue.named(ids, person(self.request)).values()),
            "ids": ids,
            "kept": kept,
            "form": form,
            "cancel_url": self.back_url(),
            **self.asking_context(ids),
        }
        return render(self.request, self.template_name, context, status=status)

    def asking_context(self, ids: Sequence[int]) -> dict[str, Any]:
        """Return what else the page that asks shows of the rows."""
        return {}

    def report(self, run: Run) -> HttpResponse:
        """Answer with what was done and, row by row, why the rest was not."""
        status = 200 if run.done else 409
        context = self.report_context(run)
        if not wants_fragment(self.request):
            return render(self.request, "core/run.html", context, status=status)
        if run.done:
            return self.rows_anew([*run.done, *run.refused], **context)
        response = render(self.request, "core/_run.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#refusal", "innerHTML"
        return response

    def slice_report(self, run: Run) -> HttpResponse:
        """Answer the browser, which sends a long run slice by slice, with how many were done, and the refused rows."""
        return render(self.request, "core/_run_slice.html", self.report_context(run))

    def report_context(self, run: Run) -> dict[str, Any]:
        """Return what the report of a run shows."""
        named = self.queue.named(run.refused.keys(), person(self.request)) if run.refused else {}
        return {
            "run": run,
            "noun": self.queue.plural(len(run.refused)),
            "done_sentence": self.done_sentence(run.done) if run.done else "",
            "refused_rows": [(named.get(row, NamedRow(str(row), "")), run.refused[row]) for row in sorted(run.refused)],
            "back_url": self.back_url(),
        }

    def rows_anew(self, ids: Collection[int], **report: Any) -> HttpResponse:
        """Return the rows as they are now, the counters, the toasts and the report, all to be swapped out of band."""
        queue = self.queue.behind(self.request)
        filterset = queue.get_filterset(queue.filterset_class)
        filtered = filterset.qs if filterset.is_valid() else queue.get_queryset().none()
        tabs, count = queue.shown_tabs(filtered)
        rows = queue.decorate(list(queue.get_queryset().filter(pk__in=ids)))
        context = {
            "queue": queue,
            "tabs": tabs,
            "count": count,
            "rows": rows,
            "row_template": queue.row_template,
            "row_id": queue.row_id,
            "bulk_actions": queue.shown_bulk_actions,
            "oob": True,
            **queue.extra_context(),
            **report,
        }
        return render(self.request, "core/_queue_update.html", context)
