"""What a queue's action answers: everything done, some refused, all refused, to htmx and to plain browsers."""

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core.queues import MOST_ROWS, BulkAction, QueueActionView, listing
from core.queues.running import in_slices, run_in_slices
from core.refusals import Blocker, Refused
from core.roles import Role
from inventory.models import Product
from inventory.views import ProductQueueView
from tests.factories.core import CompanyFactory, person
from tests.factories.inventory import ProductFactory

pytestmark = pytest.mark.django_db


class ShortOfStock(Refused):
    """Stands for any refusal of a service."""


def refuse_odd(*, product_ids, actor, at):
    """Do even keys and refuse odd ones."""
    refusal = ShortOfStock.because(
        [Blocker("short", "Two are missing.", "/products/1/"), Blocker("hold", "It is held.")]
    )
    return {key: refusal if key % 2 else "done" for key in product_ids}


class RefuseOddView(QueueActionView):
    verb = "inventory.change_product"
    queue, queue_url = ProductQueueView, "inventory:products"
    service, ids_name = refuse_odd, "product_ids"
    done, done_many = "Done.", "{n} done."


@pytest.fixture
def products():
    """Two products, one of an even and one of an odd key."""
    company = CompanyFactory()
    even = ProductFactory(company=company, id=9_000_000)
    return even, ProductFactory(company=company, id=9_000_001)


def post(actor, ids, htmx=False, view=None, **fields):
    """Send an action and return its request and its answer."""
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/products/"} if htmx else {}
    request = RequestFactory().post("/products/close/", {"id": ids, **fields}, headers=headers)
    request.user, request.htmx = actor, HtmxDetails(request)
    request._messages = CookieStorage(request)
    return request, (view or RefuseOddView).as_view()(request)


class TestQueueActionView:
    @pytest.fixture
    def actor(self, products):
        return person(Role.SALES_MANAGER, company=products[0].company)

    def test_answers_409_with_every_reason_where_all_were_refused(self, actor, products):
        _request, response = post(actor, [products[1].pk], htmx=True)
        content = response.content.decode()
        assert (response.status_code, response["HX-Retarget"]) == (409, "#refusal")
        assert "Two are missing." in content
        assert "It is held." in content
        assert 'href="/products/1/"' in content
        assert "<html" not in content

    def test_answers_a_plain_browser_with_a_page_that_leads_back(self, actor, products):
        _request, response = post(actor, [products[1].pk], next="/products/")
        content = response.content.decode()
        assert response.status_code == 409
        assert "<html" in content
        assert 'href="/products/">Back' in content

    def test_does_what_it_can_and_says_what_it_could_not(self, actor, products):
        request, response = post(actor, [row.pk for row in products], htmx=True)
        content = response.content.decode()
        assert response.status_code == 200
        assert "Done." in content
        assert 'id="refusal" hx-swap-oob' in content
        assert "1 product refused" in content
        assert "Two are missing." in content
        assert str(products[1]) in content
        assert all(f'id="product-{row.pk}"' in content for row in products)
        assert not get_messages(request)

    def test_names_each_refused_row_where_all_of_several_were_refused(self, actor, products):
        other = ProductFactory(company=products[0].company, id=9_000_003)
        _request, response = post(actor, [products[1].pk, other.pk], htmx=True)
        content = response.content.decode()
        assert (response.status_code, response["HX-Retarget"]) == (409, "#refusal")
        assert "2 products refused: nothing was changed." in content
        assert str(products[1]) in content
        assert str(other) in content

    def test_gives_a_plain_browser_a_page_of_what_came_of_each_row(self, actor, products):
        _request, response = post(actor, [row.pk for row in products], next="/products/")
        content = response.content.decode()
        assert response.status_code == 200
        assert "<html" in content
        assert "Done." in content
        assert str(products[1]) in content
        assert 'href="/products/">Back' in content

    def test_tells_the_browser_of_one_slice(self, actor, products):
        _request, response = post(actor, [row.pk for row in products], htmx=True, slice="1")
        content = response.content.decode()
        assert 'data-done="1" data-refused="1"' in content
        assert str(products[1]) in content
        assert str(products[0]) not in content

    def test_takes_no_more_rows_than_one_run(self, actor):
        with pytest.raises(BadRequest):
            post(actor, list(range(1, MOST_ROWS + 2)))

    def test_calls_no_service_for_a_row_that_is_not_theirs(self, actor, products):
        with pytest.raises(Http404):
            post(actor, [products[0].pk, ProductFactory().pk])

    def test_calls_no_service_for_whom_it_is_not(self, products):
        with pytest.raises(PermissionDenied):
            post(person(Role.PICKER, company=products[0].company), [products[0].pk])


class TestAskingFirst:
    """Where there is no script, a page asks what the dialog would have asked."""

    @pytest.fixture
    def actor(self, products):
        return person(Role.SALES_MANAGER, company=products[0].company)

    def test_a_question_is_asked_on_a_page_and_nothing_is_done(self, actor, products, monkeypatch):
        monkeypatch.setattr(RefuseOddView, "service", staticmethod(fail))
        _request, response = post(actor, [products[0].pk], ask="Close\r\nClose it for <good>?", next="/products/")
        content = response.content.decode()
        assert response.status_code == 200
        assert "Close it for &lt;good&gt;?" in content
        assert str(products[0]) in content
        assert f'name="id" value="{products[0].pk}"' in content
        assert 'name="next" value="/products/"' in content
        assert 'name="ask"' not in content

    def test_the_page_sends_what_the_dialog_sends(self, actor, products):
        _request, response = post(actor, [products[0].pk], asked="Close\nClose it?", next="/products/")
        assert (response.status_code, response["Location"]) == (302, "/products/")

    def test_a_script_has_asked_already(self, actor, products):
        _request, response = post(actor, [products[0].pk], htmx=True, ask="Close\nClose it?", next="/products/")
        assert (response.status_code, response["HX-Redirect"]) == (204, "/products/")

    def test_a_verb_with_a_form_shows_it_with_the_rows_and_keeps_what_was_typed(self, actor, products):
        ids = [row.pk for row in products]
        _request, response = post(actor, ids, view=WithReasonView, ask="Close\n")
        content = response.content.decode()
        assert 'name="reason"' in content
        assert "Close 2 products" in content
        _request, response = post(actor, ids, view=WithReasonView, asked="Close\n", reason="far too long")
        content = response.content.decode()
        assert response.status_code == 422
        assert 'value="far too long"' in content
        assert "Close 2 products" in content


def fail(**_):
    """Stand for a service that must not be called."""
    raise AssertionError("called")


class ReasonForm(forms.Form):
    """What a verb has to know."""

    reason = forms.CharField(max_length=5)


class WithReasonView(RefuseOddView):
    form_class = ReasonForm
    service = fail


class Recorder:
    """A verb that remembers what it was asked, refuses some rows, and breaks on others."""

    def __init__(self, *, refused=(), broken=(), mark="M"):
        self.refused, self.broken, self.mark, self.calls = set(refused), set(broken), mark, []

    def __call__(self, rows):
        self.calls.append(list(rows))
        ProductFactory(sku=f"{self.mark}-{len(self.calls)}-{rows[0]}", company=self.company)
        if self.broken & set(rows):
            raise RuntimeError("broken")
        return {row: ShortOfStock("Short.") if row in self.refused else "done" for row in rows}


class TestRunInSlices:
    @pytest.fixture
    def actor(self):
        return person(Role.SALES_MANAGER)

    def run(self, verb, actor, ids, key="k"):
        verb.company = actor.company
        return run_in_slices(verb, ids, actor=actor, key=key, name="x.verb", request={"path": "/x/"})

    def test_calls_the_verb_for_fifty_rows_at_a_time(self, actor):
        verb = Recorder(refused=[7, 120])
        run = self.run(verb, actor, list(range(1, 131)))
        assert [len(rows) for rows in verb.calls] == [50, 50, 30]
        assert len(run.done) == 128
        assert {row: refusal.sentence for row, refusal in run.refused.items()} == {7: "Short.", 120: "Short."}

    def test_keeps_together_what_belongs_together_and_cuts_even_that_somewhere(self):
        odd = dict.fromkeys(range(1, 81, 2), "odd")
        assert [len(rows) for rows in in_slices(range(1, 101), odd)] == [50, 50]
        assert in_slices(range(1, 101), odd)[0][:40] == list(odd)
        assert [len(rows) for rows in in_slices(range(1, 61), dict.fromkeys(range(1, 61), "all"))] == [60]
        assert [len(rows) for rows in in_slices(range(1, 302), dict.fromkeys(range(1, 302), "all"))] == [200, 101]

    def test_a_slice_that_breaks_is_undone_whole_and_the_others_stand(self, actor):
        verb = Recorder(broken=[60])
        run = self.run(verb, actor, list(range(1, 131)))
        assert len(verb.calls) == 3
        assert run.done == [*range(1, 51), *range(101, 131)]
        assert set(run.refused) == set(range(51, 101))
        assert set(Product.objects.filter(sku__startswith="M-").values_list("sku", flat=True)) == {"M-1-1", "M-3-101"}

    def test_what_one_slice_raises_is_raised(self, actor):
        with pytest.raises(RuntimeError):
            self.run(Recorder(broken=[1]), actor, [1, 2])

    def test_a_run_sent_again_does_nothing_twice_and_says_the_same(self, actor):
        ids = list(range(1, 71))
        first = self.run(Recorder(), actor, ids)
        again = Recorder()
        second = self.run(again, actor, ids)
        assert again.calls == []
        assert second.done == first.done

    def test_what_was_refused_is_asked_again(self, actor):
        ids = list(range(1, 11))
        self.run(Recorder(refused=[3]), actor, ids)
        again = Recorder(mark="N")
        run = self.run(again, actor, ids)
        assert again.calls == [[3]]
        assert sorted(run.done) == ids

    def test_another_form_with_the_same_rows_is_another_run(self, actor):
        self.run(Recorder(), actor, [1])
        again = Recorder(mark="N")
        self.run(again, actor, [1], key="other")
        assert again.calls == [[1]]


class TestRowsOfARun:
    def test_are_all_of_the_tab_in_its_order_up_to_what_a_run_takes(self, client, monkeypatch):
        actor = person(Role.SALES_MANAGER)
        client.force_login(actor, backend="django.contrib.auth.backends.ModelBackend")
        mine = [ProductFactory(company=actor.company, sku=f"A-{n}") for n in (3, 1, 2)]
        ProductFactory(sku="A-0")
        monkeypatch.setattr(listing, "MOST_ROWS", 2)
        answer = client.get("/products/", {"format": "ids", "sort": "sku"})
        assert answer.json() == {"slices": [[mine[1].pk, mine[2].pk]]}


class TestLiveQueue:
    def test_answers_again_only_where_something_changed(self, client, products):
        client.force_login(
            person(Role.SALES_ADMIN, company=products[0].company), backend="django.contrib.auth.backends.ModelBackend"
        )

        def look(etag=""):
            return client.get("/products/", headers={"HX-Request": "true", "X-Live": "1", "If-None-Match": etag})

        first = look()
        assert first.status_code == 200
        same = look(first["ETag"])
        assert (same.status_code, same.content) == (304, b"")
        Product.objects.filter(pk=products[0].pk).update(name="Something else")
        changed = look(first["ETag"])
        assert changed.status_code == 200
        assert "Something else" in changed.content.decode()
        assert "ETag" not in client.get("/products/", headers={"HX-Request": "true"})


class TestBulkAction:
    def test_says_the_rows_where_its_words_have_them(self):
        assert BulkAction("x:send", "x.send", "Release").for_selected == "Release selected"
        assert BulkAction("x:send", "x.send", "Mark sent", phrase="Mark {} sent").for_selected == "Mark selected sent"

    @pytest.mark.parametrize("key", ["f", "j", "k", "x", "g"])
    def test_has_no_key_that_is_heard_by_the_queue_itself(self, key):
        with pytest.raises(ValueError, match=f"{key} is a key of every queue"):
            BulkAction("x:free", "x.free", "Free", key=key)
