"""What Orderly writes to partners: each message in each language, with a preview, and the way back to the original."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.generic import FormView, TemplateView, View

from core import letters
from core.companies import SETS_UP
from core.forms import MessageForm
from core.pages import FormPageMixin, PreviewMixin, VerbRequiredMixin, go_to, person


class MessagesView(VerbRequiredMixin, TemplateView):
    """The messages in their languages, and which of them say the company's own words."""

    verb = SETS_UP
    template_name = "core/setup/messages.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the messages."""
        own = letters.own_languages(person(self.request))
        kinds = [
            {
                "name": name,
                "kind": kind,
                "languages": [
                    (code, letters.language_name(code), (name, code) in own, (name, letters.ENGLISH) in own)
                    for code in letters.LANGUAGES
                ],
            }
            for name, kind in letters.message_kinds.items()
        ]
        return super().get_context_data(title="Messages", kinds=kinds, **kwargs)


class OfMessageMixin:
    """What the pages of one message share."""

    verb = SETS_UP
    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def kind(self) -> letters.MessageKind:
        """The message in the address.

        :raises Http404: where there is none of that name or language.
        """
        kind = letters.message_kinds.get(self.kwargs["kind"])
        if kind is None or self.kwargs["language"] not in letters.LANGUAGES:
            raise Http404("No such message.")
        return kind


class EditMessageView(OfMessageMixin, PreviewMixin, FormPageMixin, FormView):
    """Changes what a message says in a language, and shows it with a document of the company."""

    form_class = MessageForm
    template_name, fragment_name = "core/setup/message.html", "core/setup/_message_form.html"
    preview_template = "core/setup/_message_preview.html"
    submit_label = "Save message"
    done = "Message saved."

    @cached_property
    def standing(self) -> letters.Wording:
        """What it says now."""
        company_id = person(self.request).company.pk
        return letters.wording_for(company_id=company_id, kind=self.kwargs["kind"], language=self.kwargs["language"])

    def get_initial(self) -> dict[str, Any]:
        """Return what it says now."""
        return {"subject": self.standing.subject, "text": self.standing.text, "seen": self.standing.digest}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the message."""
        return {"kind": self.kind, **super().get_form_kwargs()}

    def preview(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message as it would go out with the company's newest document of its kind."""
        sample = self.kind.sample(person(self.request))
        if sample is None or not typed.get("subject") or not typed.get("text"):
            return {"sample": sample, "shown": None}
        wording = letters.Wording(typed["subject"], typed["text"])
        return {"sample": sample, "shown": letters.filled(wording, sample.facts)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the message, and whether the company has words of its own for it."""
        name, language = self.kwargs["kind"], self.kwargs["language"]
        return super().get_context_data(
            title=f"{self.kind.label} in {letters.language_name(language)}",
            message=self.kind,
            is_own=(name, language) in letters.own_languages(person(self.request)),
            restore_url=reverse("core:restore_message", args=[name, language]),
            **{key: value for key, value in kwargs.items() if key not in self.kwargs},
        )

    def save(self, form: Any) -> Any:
        """Keep the words."""
        typed = form.cleaned_data
        return letters.keep_wording(
            kind=self.kwargs["kind"],
            language=self.kwargs["language"],
            wording=letters.Wording(typed["subject"], typed["text"]),
            seen=typed["seen"],
            actor=person(self.request),
        ).pk

    def url_of(self, reference: Any) -> str:
        """Return the messages."""
        return reverse("core:messages")

    def cancel_url(self) -> str:
        """Return the messages."""
        return self.url_of(None)


class RestoreMessageView(OfMessageMixin, VerbRequiredMixin, View):
    """Goes back to the original words."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, kind: str, language: str) -> HttpResponse:
        """Forget the company's own."""
        label = self.kind.label
        letters.restore_wording(kind=kind, language=language, actor=person(request))
        messages.success(request, f"{label} in {letters.language_name(language)} is as it came.")
        return go_to(request, reverse("core:messages"))
