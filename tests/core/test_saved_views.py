"""Views that people keep of a queue: what they keep, who sees them, what a queue opens with, and names."""

import re

import pytest
from django.urls import reverse

from core.models import SavedView
from core.roles import Role
from tests.factories.core import CompanyFactory, person, signed_in
from tests.factories.inventory import ProductFactory

pytestmark = pytest.mark.django_db
QUEUE, PATH = "inventory:products", "/products/"


@pytest.fixture
def ann():
    """A sales manager who looks at lamps all day."""
    return person(Role.SALES_MANAGER, name="Ann Marsh")


def save(client, name, query="q=lamp&sort=-sku", **fields):
    """Keep a view, and return the answer."""
    return client.post(f"/views/new/?queue={QUEUE}&query={query.replace('&', '%26')}", {"name": name, **fields})


def test_a_view_keeps_filters_tab_and_order_and_shows_them_again(ann):
    ProductFactory(company=ann.company, name="Red lamp")
    ProductFactory(company=ann.company, name="Blue chair")
    client = signed_in(ann)
    answer = save(client, "Lamps", "q=lamp&sort=-sku&after=abc&view=7&kind=")
    view = SavedView.objects.get()
    assert (view.query, view.owner, view.company) == ("q=lamp&sort=-sku", ann, ann.company)
    assert answer["Location"] == f"/products/?view={view.pk}&q=lamp&sort=-sku"
    page = client.get(answer["Location"]).content.decode()
    assert "Red lamp" in page
    assert "Blue chair" not in page
    assert 'aria-current="page"><span class="view-name">Lamps' in page
    # Whoever looks on from there stays in it, and may keep what they see then
    assert f"/products/?q=lamp&amp;view={view.pk}&amp;sort=sku" in page or f"view={view.pk}" in page
    client.post(reverse("core:keep_view", args=[view.pk]), {"query": "q=chair&before=x"})
    view.refresh_from_db()
    assert view.query == "q=chair"
    assert client.post(reverse("core:drop_view", args=[view.pk]))["Location"] == "/products/?view=0"
    assert not SavedView.objects.exists()


def test_its_page_says_of_which_queue_it_is(ann):
    page = signed_in(ann).get(f"/views/new/?queue={QUEUE}&query=q%3Dlamp").content.decode()
    assert re.search(r'class="crumb".*href="/products/\?q=lamp"[^>]*>Products</a>.*Save this view</nav>', page)
    assert "<legend>For</legend>" in page
    assert "Drop this view" not in page


def test_a_name_stands_once_among_those_who_see_it(ann):
    client = signed_in(ann)
    save(client, "Lamps")
    again = save(client, "lamps")
    assert again.status_code == 422
    assert "You have a view called “lamps” here already." in again.content.decode()
    assert save(client, "Lamps", shared_with="SALES_MANAGER").status_code == 302
    other = signed_in(person(Role.SALES_MANAGER, company=ann.company))
    assert "There is a view for them called" in save(other, "LAMPS", shared_with="SALES_MANAGER").content.decode()
    assert save(other, "Lamps").status_code == 302
    assert save(client, "Theirs", shared_with="PICKER").status_code == 422
    assert client.get("/views/new/?queue=nowhere:at_all").status_code == 400
    assert client.get(f"/views/new/?queue={QUEUE}&query=q%3D{'%25ff' * 400}").status_code == 400


def test_a_shared_view_is_the_teams_to_see_and_its_owners_to_change(ann):
    save(signed_in(ann), "Lamps", shared_with="SALES_MANAGER")
    save(signed_in(ann), "Private")
    view = SavedView.objects.get(shared_with="SALES_MANAGER")
    colleague = person(Role.SALES_MANAGER, company=ann.company)
    page = signed_in(colleague).get(PATH).content.decode()
    assert "Lamps" in page
    assert "Private" not in page
    for answer in (
        signed_in(colleague).get(reverse("core:edit_view", args=[view.pk])),
        signed_in(colleague).post(reverse("core:keep_view", args=[view.pk]), {"query": ""}),
        signed_in(colleague).post(reverse("core:drop_view", args=[view.pk])),
    ):
        assert answer.status_code == 409
        assert "Ann Marsh" in answer.content.decode()
    for stranger in (
        person(Role.PICKER, company=ann.company),
        person(Role.SALES_MANAGER, company=CompanyFactory()),
    ):
        assert "Lamps" not in signed_in(stranger).get(PATH).content.decode()
        assert signed_in(stranger).post(reverse("core:drop_view", args=[view.pk])).status_code == 404
    assert SavedView.objects.get(pk=view.pk).query == "q=lamp&sort=-sku"


def test_a_queue_opens_with_the_persons_view_or_the_teams_and_without_one_where_asked(ann):
    client = signed_in(ann)
    colleague = signed_in(person(Role.SALES_MANAGER, company=ann.company))
    save(client, "Team", "q=team", shared_with="SALES_MANAGER", is_default="on")
    save(client, "First", "q=first", is_default="on")
    save(client, "Mine", "q=mine", is_default="on")
    assert SavedView.objects.filter(is_default=True).count() == 2
    assert client.get(PATH)["Location"].endswith("&q=mine")
    assert colleague.get(PATH)["Location"].endswith("&q=team")
    assert client.get(f"{PATH}?view=0").status_code == 200
    assert client.get(f"{PATH}?q=other").status_code == 200
    assert client.get(PATH, headers={"HX-Request": "true"}).status_code == 200
    assert "view=0" in client.get(f"{PATH}?view=0&q=nothing-like-it").content.decode()
