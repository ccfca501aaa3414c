"""The pages of the short lists that a company keeps: one list with its editor beside it, for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import TemplateView, View

from core import lists
from core.pages import FormPage, PreviewMixin, VerbRequiredMixin, go_to, person, wants_fragment


class OfListMixin:
    """What the pages of a list share: which one it is, by its name in the address."""

    kwargs: dict[str, Any]
    request: HttpRequest
    verb = ""

    @cached_property
    def of(self) -> lists.ReferenceList:
        """The list in the address.

        :raises Http404: where there is none of that name.
        """
        found = lists.reference_lists.get(self.kwargs["name"])
        if found is None:
            raise Http404("No such list.")
        return found

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the address, and the verb of its list."""
        super().setup(request, *args, **kwargs)  # type: ignore[misc]
        self.verb = self.of.verb

    def rows(self) -> QuerySet[Any]:
        """Return the rows of the person's company."""
        rows: QuerySet[Any] = self.of.model.objects.for_user(person(self.request))
        return rows

    def list_url(self) -> str:
        """Return the list's page."""
        return reverse("core:list", args=[self.kwargs["name"]])


class ListView(OfListMixin, VerbRequiredMixin, TemplateView):
    """The rows of a list, those that are retired last."""

    template_name = "core/setup/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the rows with what each says."""
        of = self.of
        rows = sorted(self.rows(), key=lambda row: not getattr(row, "is_active", True))
        return super().get_context_data(
            title=of.label,
            of=of,
            list_name=self.kwargs["name"],
            headings=[heading for heading, _say in of.columns],
            rows=[(row, [say(row) for _heading, say in of.columns]) for row in rows],
            **kwargs,
        )


class RowFormPage(OfListMixin, PreviewMixin, FormPage):
    """What adding and changing a row share; where htmx asks, the form stands beside the list."""

    template_name = "core/setup/list_form.html"

    @property
    def preview_template(self) -> str:  # type: ignore[override]
        """The list's."""
        return self.of.preview_template

    def preview(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the list's preview shows."""
        return self.of.preview(person(self.request), typed) if self.of.preview else {}

    def get_form_class(self) -> Any:
        """Return the list's form."""
        return self.of.form_class

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the person's company."""
        return self.rows()

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the person."""
        return {**super().get_form_kwargs(), "actor": person(self.request)}

    def get_template_names(self) -> list[str]:
        """Return the form alone where a mistake is shown, the editor where the list asks for it, else the page."""
        if not wants_fragment(self.request):
            return [self.template_name]
        return [self.fragment_name if self.request.method == "POST" else "core/setup/_list_editor.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the list."""
        return super().get_context_data(of=self.of, list_name=self.kwargs["name"], list_url=self.list_url(), **kwargs)

    def save(self, form: Any) -> Any:
        """Keep the row."""
        return lists.keep_row(of=self.of, row=form.save(commit=False), actor=person(self.request)).pk

    def url_of(self, reference: Any) -> str:
        """Return the list."""
        return self.list_url()

    def cancel_url(self) -> str:
        """Return the list."""
        return self.list_url()


class CreateRowView(RowFormPage):
    """Adds a row."""

    @property
    def title(self) -> str:  # type: ignore[override]
        """Name what is added."""
        return f"New {self.of.noun}"

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        """Name what is added."""
        return f"Add {self.of.noun}"

    @property
    def done(self) -> str:  # type: ignore[override]
        """Say that it was added."""
        return f"{self.of.noun.capitalize()} added."


class EditRowView(RowFormPage):
    """Changes a row."""

    @property
    def title(self) -> str:  # type: ignore[override]
        """Name the row."""
        return str(self.object)

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        """Name what is saved."""
        return f"Save {self.of.noun}"

    @property
    def done(self) -> str:  # type: ignore[override]
        """Say that it was saved."""
        return f"{self.of.noun.capitalize()} saved."


class RowVerbView(OfListMixin, VerbRequiredMixin, View):
    """A verb of a row, and back to the list."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, name: str, pk: int) -> HttpResponse:
        """Carry it out."""
        get_object_or_404(self.rows(), pk=pk)
        messages.success(request, self.carry_out(pk))
        return go_to(request, self.list_url())

    def carry_out(self, pk: int) -> str:
        """Call the service and return what is said of it."""
        raise NotImplementedError


class RetireRowView(RowVerbView):
    """Retires a row, or takes it back."""

    is_active = False

    def carry_out(self, pk: int) -> str:
        """Retire it or take it back."""
        if not self.of.retires:
            raise Http404("Nothing of this list is retired.")
        row = lists.set_active(of=self.of, row_id=pk, is_active=self.is_active, actor=person(self.request))
        return f"{row} is {'in use again' if self.is_active else 'retired'}."


class RemoveRowView(RowVerbView):
    """Takes a row away that nothing names."""

    def carry_out(self, pk: int) -> str:
        """Remove it."""
        return f"{lists.remove_row(of=self.of, row_id=pk, actor=person(self.request))} is removed."
