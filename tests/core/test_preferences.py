"""Everybody's own preferences: the name, the time zone, the theme, and nothing else."""

import pytest
from django.urls import reverse

from core.models import User
from core.roles import Role
from tests.factories.core import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def picker(client) -> User:
    picker = person(Role.PICKER)
    client.force_login(picker, backend="django.contrib.auth.backends.ModelBackend")
    return picker


class TestPreferences:
    def test_change_name_time_zone_and_theme(self, client, picker):
        sent = {"name": "Pia", "time_zone": "Asia/Tokyo", "theme": "dark"}
        response = client.post(reverse("core:preferences"), sent, follow=True)
        assert "Preferences saved." in response.text
        found = User.objects.get(pk=picker.pk)
        assert (found.name, found.time_zone, found.theme) == ("Pia", "Asia/Tokyo", "dark")

    def test_keep_what_was_typed_beside_a_mistake(self, client, picker):
        response = client.post(reverse("core:preferences"), {"name": "Pia", "time_zone": "Mars/Base", "theme": "dark"})
        assert response.status_code == 422
        assert 'value="Pia"' in response.text
        assert User.objects.get(pk=picker.pk).name == picker.name

    def test_take_no_other_field(self, client, picker):
        """TRUST 26."""
        sent = {
            "name": "Pia",
            "time_zone": "UTC",
            "theme": "auto",
            "is_staff": "on",
            "is_superuser": "on",
            "email": "x@y.example",
        }
        client.post(reverse("core:preferences"), sent)
        found = User.objects.get(pk=picker.pk)
        assert (found.is_staff, found.is_superuser, found.email) == (False, False, picker.email)
