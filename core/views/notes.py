"""Notes and files of documents, who looks after one and who follows it: what their panel asks for (V5)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import quote

from csp.decorators import csp_replace
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.generic import FormView, View

from core import idempotency, notes
from core.filing import parts_of
from core.forms import NoteForm, OwnerForm, RemovalForm
from core.models import Audience, User
from core.pages import FormPageMixin, VerbRequiredMixin, go_to, moment, person, wants_fragment
from core.refusals import Blocked, NotAllowed, Refused

VERB = "core.note"
PANEL = "components/notes.html"
# Names at once
OFFERED = 8


class DocumentMixin(VerbRequiredMixin):
    """Finds the document that the address names, by itself or by a note or a file of it, for those who may see it."""

    verb = VERB
    http_method_names: list[str]
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the view.

        :raises Http404: where there is nothing there for this person.
        :raises PermissionDenied: where they may see no such documents.
        """
        user = person(request)
        if user.can(self.verb):
            try:
                self.document = self.find(user)
            except notes.NoSuchDocument as error:
                if str(request.method).lower() in self.http_method_names:
                    raise Http404("No such document.") from error
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error
        return super().dispatch(request, *args, **kwargs)

    def find(self, user: User) -> notes.Document:
        """Return the document."""
        return notes.document(self.kwargs["kind"], self.kwargs["pk"], user)

    def answer(self, sentence: str, warnings: tuple[str, ...] = ()) -> HttpResponse:
        """Answer with the panel as it is now, or go back to the document."""
        messages.success(self.request, sentence)
        for warning in warnings:
            messages.warning(self.request, warning)
        if not wants_fragment(self.request):
            return go_to(self.request, f"{self.document.url}#notes")
        return render(self.request, PANEL, {"noted": self.desk(), "is_fragment": True})

    def desk(self, before: int | None = None) -> notes.Desk:
        """Return what stands at the document."""
        return notes.desk_of(self.document.kind, self.document.pk, person(self.request), before=before)

    def tried(self, act: Callable[[], HttpResponse]) -> HttpResponse:
        """Return what an act answers; what it refuses stands beside the form, which keeps what was typed and chosen.

        :raises Refused: what was refused, where no script can put it there.
        """
        try:
            return act()
        except Refused as refused:
            if not wants_fragment(self.request):
                raise
            status = 403 if isinstance(refused, NotAllowed) else 409
            response = render(self.request, "_refusal.html", {"refusal": refused}, status=status)
            response["HX-Retarget"], response["HX-Reswap"] = "#notes-refusal", "innerHTML"
            return response


class NotesView(DocumentMixin, View):
    """Shows what stands at a document, a page at a time, and takes a note or files."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, kind: str, pk: int) -> HttpResponse:
        """Show the notes behind the one in the address, or the newest."""
        typed = request.GET.get("before", "")
        before = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else None
        is_more = wants_fragment(request)
        template = ("components/_notes_entries.html" if before else PANEL) if is_more else "core/notes.html"
        context = {"noted": self.desk(before), "is_fragment": is_more, "document": self.document}
        return render(request, template, {**context, "title": f"Notes on {self.document.label}"})

    def post(self, request: HttpRequest, kind: str, pk: int) -> HttpResponse:
        """Write the note, once however often it is sent."""
        return self.tried(self.write)

    def write(self) -> HttpResponse:
        """Write the note."""
        posted, user = self.request.POST, person(self.request)
        text, audience = posted.get("text", ""), posted.get("audience", Audience.OFFICE)
        sent: list[Any] = self.request.FILES.getlist("files")
        files = [notes.Sent(file.name or "file", file.file) for file in sent]
        written: list[notes.Written] = []

        def effect() -> int:
            written.append(
                notes.write_note(
                    kind=self.document.kind,
                    document_id=self.document.pk,
                    text=text,
                    audience=audience,
                    files=files,
                    actor=user,
                    at=moment(self.request),
                )
            )
            return written[0].note_id

        idempotency.once(
            actor=user,
            key=posted.get("idempotency_key") or uuid.uuid4().hex,
            verb=self.verb,
            request={
                "path": self.request.path,
                "text": text,
                "audience": audience,
                "files": [(file.name, file.size) for file in sent],
            },
            effect=effect,
        )
        if not written:
            return self.answer("That was written already.")
        count = written[0].files
        put = "A file was added." if count == 1 else f"{count} files were added."
        return self.answer(put if count else "Note added.", written[0].warnings)


class NoteMixin(DocumentMixin):
    """Finds a note, with its document."""

    def find(self, user: User) -> notes.Document:
        """Return the note's document."""
        self.note, found = notes.note_for(self.kwargs["pk"], user)
        return found


class CorrectNoteView(NoteMixin, FormPageMixin, FormView):
    """Lets its author write other words for those of a note."""

    http_method_names = ["get", "post"]
    form_class = NoteForm
    title = "Correct your note"
    done = "Note corrected."

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form.

        :raises Blocked: where another person wrote it.
        """
        if self.note.author_id != person(request).pk:
            raise Blocked(f"{self.note.author} wrote this note: only they correct it. Write one of your own.")
        return super().get(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Return the note as it stands."""
        return {"text": self.note.text, "audience": self.note.audience}

    def get_form(self, form_class: Any = None) -> forms.Form:
        """Return the form; who sees nothing but what is for the warehouse is not asked."""
        form: forms.Form = super().get_form(form_class)
        if not person(self.request).can(self.document.of_kind.office):
            form.fields["audience"].choices = Audience.choices[1:]  # type: ignore[attr-defined]
        return form

    def save(self, form: Any) -> int:
        """Correct the note."""
        typed = self.request.POST.get("seen", "")
        written = notes.correct_note(
            note_id=self.note.pk,
            text=form.cleaned_data["text"],
            audience=form.cleaned_data["audience"],
            seen=int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else 0,
            actor=person(self.request),
            at=moment(self.request),
        )
        for warning in written.warnings:
            messages.warning(self.request, warning)
        return written.note_id

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the revision that is shown."""
        return super().get_context_data(seen=str(self.note.revision), **kwargs)

    def url_of(self, reference: Any) -> str:
        """Return the document."""
        return f"{self.document.url}#notes"

    def cancel_url(self) -> str:
        """Return the document."""
        return f"{self.document.url}#notes"


class EarlierView(NoteMixin, View):
    """Shows the words that a note had before it was corrected."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show them, the latest first."""
        context = {"note": self.note, "earlier": notes.earlier_of(self.note), "document": self.document}
        return render(request, "core/note_history.html", {"title": "Earlier words of a note", **context})


class StrikeNoteView(NoteMixin, View):
    """Crosses a note out."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Strike it."""

        def strike() -> HttpResponse:
            notes.strike_note(note_id=pk, actor=person(request), at=moment(request))
            return self.answer("Note struck.")

        return self.tried(strike)


class FileMixin(DocumentMixin):
    """Finds a file, with its document."""

    def find(self, user: User) -> notes.Document:
        """Return the file's document."""
        self.file, found = notes.file_for(self.kwargs["pk"], user)
        return found


# Whatever a file holds, no browser runs it: it is saved, and where one shows it all the same, in a place without rights
@method_decorator(csp_replace({"default-src": ["'none'"], "sandbox": True}), name="dispatch")
class NoteFileView(FileMixin, View):
    """Gives a file back as it was sent, byte for byte, to be saved; one that was removed is not given."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Stream the file.

        :raises Blocked: where it was removed.
        """
        if self.file.removed_at is not None:
            raise Blocked(f"{self.file.removed_by} removed this file: {self.file.removed_why}")
        kept = self.file.file
        response = StreamingHttpResponse(parts_of(kept), content_type=self.file.content_type)
        response["Content-Disposition"] = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(kept.name)}"
        response["Content-Length"] = str(kept.size)
        response["Cache-Control"] = "no-store"
        return response


class RemoveFileView(FileMixin, FormPageMixin, FormView):
    """Takes a file away, for a reason; its name stays."""

    http_method_names = ["get", "post"]
    form_class = RemovalForm
    submit_label = "Remove the file"
    done = "File removed."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The file."""
        return f"Remove {self.file.file.name}"

    def save(self, form: Any) -> int:
        """Remove it."""
        at = moment(self.request)
        notes.remove_file(file_id=self.file.pk, why=form.cleaned_data["why"], actor=person(self.request), at=at)
        return int(self.file.pk)

    def url_of(self, reference: Any) -> str:
        """Return the document."""
        return f"{self.document.url}#notes"

    def cancel_url(self) -> str:
        """Return the document."""
        return f"{self.document.url}#notes"


class FollowView(DocumentMixin, View):
    """Begins to tell a person of what happens to a document, or leaves it off."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, kind: str, pk: int) -> HttpResponse:
        """Follow it, or not."""
        user = person(request)
        if request.POST.get("follow") == "no":
            notes.unfollow(kind=kind, document_id=pk, actor=user)
            return self.answer(f"You no longer follow {self.document.label}.")
        notes.follow(kind=kind, document_id=pk, actor=user, at=moment(request))
        return self.answer(f"You follow {self.document.label}: your inbox says what happens to it.")


class PeopleView(DocumentMixin, View):
    """Offers the colleagues whom a note can name, while an @ is typed: those who may open the document."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, kind: str, pk: int) -> HttpResponse:
        """Return the names in which what is typed begins a word."""
        typed, verb = request.GET.get("q", "").casefold(), self.document.page.verb
        people = [user for user in notes.colleagues(person(request).company.pk) if user.can(verb)]
        found = [user.name for user in people if f" {typed}" in f" {user.name}".casefold() and user != request.user]
        # As Django writes JSON into a page: no name in it can begin a tag, wherever it is shown
        names = json.dumps({"names": found[:OFFERED]}).replace("<", "\\u003c")
        return HttpResponse(names, content_type="application/json")


class OwnerView(DocumentMixin, FormPageMixin, FormView):
    """Asks who is to look after a document."""

    verb = "core.assign_owner"
    http_method_names = ["get", "post"]
    done = "Owner changed."

    @property
    def title(self) -> str:  # type: ignore[override]
        """The document."""
        return f"Who looks after {self.document.label}?"

    @cached_property
    def owner_id(self) -> int | None:
        """Who looks after it now."""
        return notes.owner_of(self.document)

    def get_form(self, form_class: Any = None) -> OwnerForm:
        """Return the form with the colleagues who may open such documents."""
        data = self.request.POST if self.request.method == "POST" else None
        verb, company = self.document.page.verb, person(self.request).company
        people = [user for user in notes.colleagues(company.pk) if user.can(verb)]
        return OwnerForm(data, people=people, initial={"owner": self.owner_id})

    def save(self, form: Any) -> int:
        """Give it to them.

        :raises Refused: where they may not open it.
        """
        results = notes.assign_owner(
            kind=self.document.kind,
            document_ids=[self.document.pk],
            owner_id=form.cleaned_data["owner"],
            actor=person(self.request),
            at=moment(self.request),
        )
        result = results[self.document.pk]
        if isinstance(result, Refused):
            raise result
        return self.document.pk

    def url_of(self, reference: Any) -> str:
        """Return the document."""
        return self.document.url

    def cancel_url(self) -> str:
        """Return the document."""
        return self.document.url
