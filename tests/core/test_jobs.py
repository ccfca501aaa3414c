"""Jobs: queued with the transaction that wants them, and brought back when their worker dies."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from croniter import croniter
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import TaskNotFound

from core import jobs

TASK = "tests.note"


class ChangedTheirMind(Exception):
    """What makes a transaction roll back."""


@pytest.fixture
def noted() -> Iterator[list[str]]:
    """Register a task that notes its word, and return what was noted."""
    words: list[str] = []

    @app.task(name=TASK)
    def note(word: str) -> None:
        words.append(word)

    yield words
    del app.tasks[TASK]


def waiting() -> list[str]:
    """Return the words of the jobs that wait to be run."""
    return [job.args["word"] for job in ProcrastinateJob.objects.filter(task_name=TASK, status="todo").order_by("id")]


@pytest.mark.django_db
class TestDefer:
    def test_queues_a_job_in_the_transaction(self, noted):
        with transaction.atomic():
            jobs.defer(TASK, word="kept")
        assert waiting() == ["kept"]

    def test_queues_nothing_where_the_transaction_rolls_back(self, noted):
        with pytest.raises(ChangedTheirMind), transaction.atomic():
            self.defer_and_fail()
        assert waiting() == []

    def defer_and_fail(self) -> None:
        jobs.defer(TASK, word="lost")
        assert waiting() == ["lost"]
        raise ChangedTheirMind

    def test_refuses_a_name_that_is_no_task_s(self):
        with pytest.raises(TaskNotFound):
            jobs.defer("tests.no_such_task")


def defer_to(queue: str, name: str = TASK, *, queueing_lock: str | None = None, **arguments: object) -> int:
    """Queue a job where only this test's workers look, and return its id."""
    return app.configure_task(name, queue=queue, queueing_lock=queueing_lock).defer(**arguments)


def work(queue: str) -> None:
    """Run a worker until its queue is empty; in another thread, as a browser test leaves an event loop in this one."""

    def run() -> None:
        try:
            with app.replace_connector(app.connector.get_worker_connector()):
                app.run_worker(queues=[queue], wait=False, install_signal_handlers=False, listen_notify=False)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def leave_to_worker(job_id: int, *, silent_for: int) -> None:
    """Leave a job as a worker holds it that has not been heard of for some seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - make_interval(secs => %s)) RETURNING id",
            [silent_for],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [*cursor.fetchone(), job_id]
        )


@pytest.mark.django_db(transaction=True)
class TestRescueStalledJobs:
    def rescue(self) -> None:
        # Workers queue the periodic one beside it.
        defer_to("rescue", "core.rescue_stalled_jobs", queueing_lock="rescue of a test", timestamp=0)
        work("rescue")

    def test_brings_back_what_a_dead_worker_held(self, noted):
        leave_to_worker(defer_to("tests", word="held"), silent_for=60)
        work("tests")
        assert noted == [], "a job that is held is nobody else's"
        self.rescue()
        work("tests")
        assert noted == ["held"]

    def test_leaves_a_job_to_a_worker_that_lives(self, noted):
        leave_to_worker(defer_to("tests", word="held"), silent_for=5)
        self.rescue()
        work("tests")
        assert noted == []

    def test_brings_back_a_job_whose_worker_is_forgotten(self, noted):
        leave_to_worker(defer_to("tests", word="held"), silent_for=60)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_workers")
        self.rescue()
        work("tests")
        assert noted == ["held"]

    def test_brings_back_the_others_where_the_same_work_waits_already(self, noted):
        for word in ("first", "second"):
            job_id = defer_to("tests", word=word, queueing_lock=word)
            leave_to_worker(job_id, silent_for=60)
        defer_to("tests", word="first again", queueing_lock="first")
        self.rescue()
        work("tests")
        assert sorted(noted) == ["first again", "second"]
        self.rescue()
        work("tests")
        assert sorted(noted) == ["first", "first again", "second"]


class TestPeriodicJobs:
    @pytest.mark.parametrize("name", sorted(name for name, _ in app.periodic_registry.periodic_tasks))
    def test_come_at_even_intervals(self, name):
        """Seconds stand last of six fields, so five stars and a step come evenly; a step in front comes in bursts."""
        task = app.periodic_registry.periodic_tasks[name, ""]
        times = list(itertools.islice(croniter(task.cron, 0.0), 200))
        assert len({later - earlier for earlier, later in itertools.pairwise(times)}) == 1

    def test_rescue_within_a_minute(self):
        assert app.periodic_registry.periodic_tasks["core.rescue_stalled_jobs", ""].cron == "* * * * *"
