"""What the load balancer and the monitor ask: does the process answer, and can it work."""

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from core import health
from core.checks import check_squashed


class TestHealthz:
    def test_answers_strangers_without_asking_the_database(self, client):
        answer = client.get("/healthz")  # a database would be refused to this test
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_is_read_only_and_never_cached(self, client):
        assert client.post("/healthz").status_code == 405
        assert "no-store" in client.get("/healthz")["Cache-Control"]


@pytest.fixture
def ready(client, settings, tmp_path):
    """Ask /readyz, and check that code and status go together."""
    settings.DATA_DIR = tmp_path / "not made yet"

    def ask() -> dict[str, object]:
        answer = client.get(reverse("core:readyz"))
        parts = answer.json()
        status = parts.pop("status")
        assert (answer.status_code, status) == ((200, "ok") if all(parts.values()) else (503, "unavailable"))
        return parts

    return ask


def job_of(minutes_ago: int, *, status: str = "todo", scheduled: bool = False) -> None:
    """Queue a job as if some minutes ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)"
            " VALUES ('default', 'tests.none', %s, CASE WHEN %s THEN now() - make_interval(mins => %s) END)"
            " RETURNING id",
            [status, scheduled, minutes_ago],
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - make_interval(mins => %s) WHERE job_id = %s",
            [minutes_ago if not scheduled else 1000, *cursor.fetchone()],
        )


@pytest.mark.django_db
class TestReadyz:
    ALL = {"database": True, "migrations": True, "jobs": True, "disk": True}

    def test_says_that_all_parts_work(self, ready):
        assert ready() == self.ALL

    def test_says_when_a_migration_has_not_run(self, ready):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")
        assert ready() == {**self.ALL, "migrations": False}

    @pytest.mark.parametrize(
        ("job", "is_fine"),
        [
            ({"minutes_ago": 1}, True),
            ({"minutes_ago": 11}, False),
            ({"minutes_ago": 11, "status": "doing"}, True),
            ({"minutes_ago": 11, "status": "failed"}, True),
            ({"minutes_ago": -60, "scheduled": True}, True),
            ({"minutes_ago": 11, "scheduled": True}, False),
        ],
        ids=["just queued", "queued long ago", "at work", "failed", "due later", "due long ago"],
    )
    def test_says_when_nobody_does_the_jobs(self, ready, job, is_fine):
        job_of(**job)
        assert ready() == {**self.ALL, "jobs": is_fine}

    def test_says_when_the_disk_is_full(self, ready, monkeypatch):
        monkeypatch.setattr(health, "MIN_FREE_BYTES", 2**63)
        assert ready() == {**self.ALL, "disk": False}

    def test_says_when_the_database_does_not_answer(self, ready, monkeypatch):
        def fail(*_: object) -> None:
            raise OperationalError("the server closed the connection unexpectedly")

        with monkeypatch.context() as patches:
            patches.setattr(connection, "cursor", fail)
            parts = ready()
        assert parts == {"database": False, "migrations": False, "jobs": False, "disk": True}


@pytest.mark.django_db
def test_a_database_between_two_versions_is_told_what_it_lacks():
    assert check_squashed(databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders' AND (name > '0030' OR name LIKE '0001_sq%')")
    (error,) = check_squashed(databases=["default"])
    assert error.msg == ("The database lacks orders.0030_to_invoice, which 0001_squashed_0030_to_invoice has taken in.")
