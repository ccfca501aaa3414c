"""What surrounds every request: its id, the person's time and words, refusals, and sessions that ended."""

import re
from datetime import UTC, datetime

import pytest
import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client
from django.utils import timezone, translation
from django_htmx.middleware import HtmxDetails
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from core.idempotency import KeyReused
from core.middleware import PersonMiddleware, RefusalMiddleware, RequestIdMiddleware, SessionExpiryMiddleware
from core.refusals import Blocked, Blocker, NotAllowed, Refused
from core.roles import Role
from core.sessions import SessionStore
from tests.factories.core import UserFactory, person

HTMX = {"HX-Request": "true"}


class TestRequestId:
    def answer(self, rf, sent: str | None) -> str:
        request = rf.get("/", headers={} if sent is None else {"X-Request-ID": sent})
        return RequestIdMiddleware(lambda request: HttpResponse(request.request_id))(request)["X-Request-ID"]

    def test_is_the_proxy_s_where_that_is_sane(self, rf):
        assert self.answer(rf, "req-0123.AB_9") == "req-0123.AB_9"

    @pytest.mark.parametrize("sent", [None, "", "short", "x" * 65, "two words here", "new\nline-here", "<script>"])
    def test_is_made_anew_otherwise(self, rf, sent):
        assert re.fullmatch(r"[0-9a-f]{32}", self.answer(rf, sent))

    def test_differs_from_request_to_request(self, rf):
        assert self.answer(rf, None) != self.answer(rf, None)

    def test_is_on_every_answer(self, client):
        assert client.get("/healthz", headers={"X-Request-ID": "request-1"})["X-Request-ID"] == "request-1"

    def test_is_on_what_the_request_logs_and_on_nothing_later(self, rf):
        seen = []

        def view(request):
            seen.append(structlog.contextvars.get_contextvars())
            return HttpResponse()

        structlog.contextvars.bind_contextvars(user_id=1)
        RequestIdMiddleware(view)(rf.get("/", headers={"X-Request-ID": "request-1"}))
        assert seen == [{"request_id": "request-1"}]


@pytest.mark.django_db
class TestPerson:
    def test_shows_times_in_the_person_s_zone_and_words_in_their_language(self, rf):
        request = rf.get("/")
        request.user, request.session = UserFactory(time_zone="Asia/Tokyo", language="de"), SessionStore()

        def view(_):
            noon = timezone.localtime(datetime(2026, 1, 1, 12, tzinfo=UTC))
            return HttpResponse(f"{noon:%H:%M} {translation.get_language()}")

        before = (timezone.get_current_timezone_name(), translation.get_language())
        assert PersonMiddleware(view)(request).content == b"21:00 de"
        assert (timezone.get_current_timezone_name(), translation.get_language()) == before

    def test_leaves_strangers_alone(self, rf):
        request = rf.get("/")
        request.user = AnonymousUser()
        answer = PersonMiddleware(lambda _: HttpResponse(timezone.get_current_timezone_name()))(request)
        assert answer.content == b"UTC"


@pytest.mark.django_db
class TestBeside:
    """A page stands in a frame where a page of ours asks for it, and nowhere else."""

    def answer(self, client, **said):
        client.force_login(person(Role.SALES_ADMIN), backend="django.contrib.auth.backends.ModelBackend")
        return client.get("/products/", headers={f"Sec-Fetch-{name}": value for name, value in said.items()})

    def test_has_no_way_round_of_its_own_and_may_be_framed_by_us_alone(self, client):
        answer = self.answer(client, Dest="iframe", Site="same-origin")
        assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "SAMEORIGIN"
        assert "bottom-bar" not in answer.content.decode()

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"Dest": "document", "Site": "same-origin"},
            *({"Dest": "iframe", "Site": site} for site in ("none", "cross-site", "same-site")),
        ],
    )
    def test_is_a_whole_page_that_nobody_frames_otherwise(self, client, said):
        answer = self.answer(client, **said)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "bottom-bar" in answer.content.decode()
        assert "Sec-Fetch-Dest" in answer["Vary"]


@pytest.mark.django_db
class TestCaching:
    @pytest.mark.django_db
    def test_no_cache_keeps_what_a_signed_in_person_saw(self, client):
        client.force_login(person(Role.SALES_ADMIN), backend="django.contrib.auth.backends.ModelBackend")
        for url in ("/orders/", "/orders/?tab=all", "/preferences/"):
            assert client.get(url)["Cache-Control"] == "private, no-cache"
        assert client.get("/orders/", {"format": "csv"})["Cache-Control"] == "no-store"


class TestMethods:
    @pytest.mark.django_db
    def test_an_address_says_in_words_what_it_does_not_take(self, client):
        client.force_login(person(Role.SALES_ADMIN), backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get("/orders/confirm/")
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
        assert "<html" in answer.content.decode()
        assert "belongs to a button" in answer.content.decode()
        fragment = client.get("/orders/confirm/", headers=HTMX)
        assert fragment.status_code == 405
        assert "<html" not in fragment.content.decode()


class TestSessionExpiry:
    def test_is_told_to_htmx_instead_of_a_login_page_in_a_cell(self):
        answer = Client().get("/theme/", headers=HTMX)
        assert (answer.status_code, answer["HX-Trigger"], answer.content) == (401, "sessionExpired", b"")

    def test_leads_a_browser_to_the_login_and_back(self):
        answer = Client().get("/theme/")
        assert answer.url == "/login/?next=/theme/"

    def test_leaves_other_redirects_of_htmx_alone(self, rf):
        request = rf.get("/", headers=HTMX)
        request.user = AnonymousUser()
        answer = SessionExpiryMiddleware(lambda _: HttpResponseRedirect("/elsewhere/"))(request)
        assert answer.status_code == 302


class Short(Refused):
    """A refusal of a service."""

    code = "short"


@pytest.mark.django_db
class TestRefusal:
    @pytest.fixture
    def answer(self, rf):
        def answer(exception: Exception, **headers: str) -> HttpResponse | None:
            request = rf.post("/", headers=headers)
            request.user = person(Role.PICKER)
            request.htmx = HtmxDetails(request)
            request.session = {}
            request.csp_nonce = ""
            return RefusalMiddleware(lambda _: HttpResponse()).process_exception(request, exception)

        return answer

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [
            (Short("Only 3 left."), 409),
            (Blocked("It is on hold."), 409),
            (NotAllowed("No."), 403),
            (KeyReused("Sent before with other content."), 422),
        ],
    )
    def test_is_answered_with_its_sentence(self, answer, refusal, status):
        response = answer(refusal)
        assert response.status_code == status
        assert refusal.sentence in response.content.decode()
        assert b"<html" in response.content

    def test_is_a_fragment_for_htmx(self, answer):
        response = answer(Short("Only 3 are left."), **HTMX)
        assert (response.status_code, b"<html" in response.content) == (409, False)
        assert "Only 3 are left." in response.content.decode()
        assert response["HX-Retarget"] == "#refusal"

    def test_is_a_page_for_a_boosted_link_and_no_cache_mixes_them_up(self, answer):
        response = answer(Short("Only 3 are left."), **HTMX, **{"HX-Boosted": "true"})
        assert b"<html" in response.content
        assert "HX-Boosted" in response["Vary"]

    @pytest.mark.parametrize("cause", [LockNotAvailable, DeadlockDetected])
    def test_is_what_a_lock_held_too_long_becomes(self, answer, cause):
        waited = OperationalError("canceling statement due to lock timeout")
        waited.__cause__ = cause()
        response = answer(waited)
        assert response.status_code == 409
        assert "Nothing was changed: try again in a moment." in response.content.decode()

    def test_is_not_what_other_faults_become(self, answer):
        fault = OperationalError("canceling statement due to statement timeout")
        fault.__cause__ = QueryCanceled()
        assert answer(fault) is None
        assert answer(ValueError("a bug")) is None

    def test_escapes_what_people_typed(self, answer):
        response = answer(Short("No such SKU: <script>alert(1)</script>"))
        assert b"<script>alert(1)" not in response.content


class TestRefused:
    def test_speaks_for_itself(self):
        refusal = Short("Only 3 are left.", link="/products/1/")
        assert str(refusal) == "Only 3 are left."
        assert refusal.blockers == (Blocker("short", "Only 3 are left.", "/products/1/"),)

    def test_names_all_its_blockers(self):
        blockers = [Blocker("hold", "It is on hold.", "/holds/1/"), Blocker("credit", "The limit is reached.")]
        refusal = Blocked.because(blockers)
        assert type(refusal) is Blocked
        assert (str(refusal), refusal.link) == ("It is on hold. The limit is reached.", "/holds/1/")
        assert refusal.blockers == tuple(blockers)
