"""What a queue's action answers: everything done, some refused, all refused, to htmx and to plain browsers."""

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core.queues import QueueActionView
from core.refusals import Blocker, Refused
from core.roles import Role
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


def post(actor, ids, htmx=False, **fields):
    """Send an action and return its request and its answer."""
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/products/"} if htmx else {}
    request = RequestFactory().post("/products/close/", {"id": ids, **fields}, headers=headers)
    request.user, request.htmx = actor, HtmxDetails(request)
    request._messages = CookieStorage(request)
    return request, RefuseOddView.as_view()(request)


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
        assert "Two are missing. It is held." in content
        assert all(f'id="product-{row.pk}"' in content for row in products)
        assert len(get_messages(request)) == 2

    def test_calls_no_service_for_a_row_that_is_not_theirs(self, actor, products):
        with pytest.raises(Http404):
            post(actor, [products[0].pk, ProductFactory().pk])

    def test_calls_no_service_for_whom_it_is_not(self, products):
        with pytest.raises(PermissionDenied):
            post(person(Role.PICKER, company=products[0].company), [products[0].pk])
