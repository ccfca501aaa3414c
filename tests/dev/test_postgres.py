"""The launcher of the embedded PostgreSQL, on real servers."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from config.dev.postgres import ROOT_PLACE, EmbeddedPostgres, PostgresError
from config.dev.throwaway import throwaway_cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a closed folder with a short path, whose clusters are removed at the end."""
    outer = Path(tempfile.mkdtemp(prefix="orderly-home-"))
    yield outer / "var"
    for folder in {outer / "var", *(record.parent for record in outer.rglob("postgres-place.txt"))}:
        EmbeddedPostgres(folder).remove()
    shutil.rmtree(outer)


def postmaster(cluster: EmbeddedPostgres) -> int:
    """Read the process id of a running server."""
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def write_row(cluster: EmbeddedPostgres) -> None:
    with psycopg.connect(cluster.uri()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")


def rows(cluster: EmbeddedPostgres) -> int:
    with psycopg.connect(cluster.uri()) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class TestStart:
    def test_keeps_data_over_stop_and_start(self, home: Path):
        cluster = EmbeddedPostgres(home).start()
        write_row(cluster)
        cluster.stop()
        assert not cluster.ready()
        assert rows(EmbeddedPostgres(home).start(adopt=True)) == 1

    def test_listens_on_no_port_and_lets_nobody_else_in(self, home: Path):
        cluster = EmbeddedPostgres(home).start()
        with psycopg.connect(cluster.uri()) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700

    def test_works_right_after_kill_9(self, home: Path):
        cluster = EmbeddedPostgres(home).start()
        write_row(cluster)
        os.kill(postmaster(cluster), signal.SIGKILL)
        assert rows(cluster.start()) == 1

    def test_works_right_after_kill_9_when_another_process_starts_it(self, home: Path):
        first = EmbeddedPostgres(home).start()
        write_row(first)
        os.kill(postmaster(first), signal.SIGKILL)
        assert rows(EmbeddedPostgres(home).start()) == 1

    def test_outlives_a_lock_file_whose_number_a_stranger_got(self, home: Path):
        cluster = EmbeddedPostgres(home).start()
        write_row(cluster)
        lock_file = cluster.data / "postmaster.pid"
        lines = lock_file.read_text().split("\n")
        os.kill(postmaster(cluster), signal.SIGKILL)
        wait_until(lambda: not cluster._processes())
        with subprocess.Popen(["sleep", "60"], user=cluster.user) as stranger:
            lock_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
            assert rows(cluster.start()) == 1
            assert stranger.poll() is None
            stranger.kill()

    def test_two_at_once_get_one_server(self, home: Path):
        script = (
            "import sys; from config.dev.postgres import EmbeddedPostgres as E;"
            "c = E(sys.argv[1]).start(); print((c.data / 'postmaster.pid').read_text().split()[0], flush=True)"
        )
        command = [sys.executable, "-c", script, str(home)]
        racers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        numbers = {racer.communicate(timeout=60)[0] for racer in racers}
        assert [racer.returncode for racer in racers] == [0, 0]
        assert numbers == {f"{postmaster(EmbeddedPostgres(home))}\n"}

    def test_never_uses_a_half_made_cluster(self, home: Path):
        cluster = EmbeddedPostgres(home)
        half = cluster.place / "pgdata.unfinished"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        cluster.start()
        assert cluster.ready()
        assert not half.exists()

    def test_refuses_a_path_that_no_socket_fits_in(self, home: Path):
        deep = home / ("x" * 120) if os.geteuid() else ROOT_PLACE / ("x" * 120)
        with pytest.raises(PostgresError, match=r"too long .* set DATA_DIR to a folder with a shorter path"):
            EmbeddedPostgres(home, place=deep)

    def test_changes_no_permission_of_ours(self, home: Path):
        home.mkdir()
        before = {path: path.stat().st_mode for path in (home, *home.parents)}
        EmbeddedPostgres(home).start()
        assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
        assert {path: path.stat().st_mode for path in (home, *home.parents)} == before

    def test_says_what_the_server_said_when_it_does_not_start(self, home: Path):
        with pytest.raises(PostgresError, match="shared_buffers"):
            EmbeddedPostgres(home, settings={"shared_buffers": "nonsense"}).start()


class TestStop:
    def test_leaves_a_server_alone_that_another_started(self, home: Path):
        EmbeddedPostgres(home).start()
        second = EmbeddedPostgres(home).start()
        second.stop()
        assert second.ready()

    def test_stops_a_leftover_that_was_adopted(self, home: Path):
        EmbeddedPostgres(home).start()
        second = EmbeddedPostgres(home).start(adopt=True)
        second.stop()
        assert not second.ready()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's clusters lie outside their home")
class TestPlace:
    def test_is_recorded_and_found_after_the_home_was_moved(self, home: Path):
        first = EmbeddedPostgres(home).start()
        first.stop()
        assert (home / "postgres-place.txt").read_text().strip() == str(first.place)
        moved = home.rename(home.with_name("moved"))
        assert EmbeddedPostgres(moved).place == first.place

    def test_is_a_fresh_one_for_a_copied_home(self, home: Path):
        first = EmbeddedPostgres(home).start()
        copied = shutil.copytree(home, home.with_name("copied"))
        assert EmbeddedPostgres(copied).place != first.place


class TestRemove:
    def test_leaves_nothing(self, home: Path):
        cluster = EmbeddedPostgres(home).start()
        EmbeddedPostgres(home).remove()
        assert not cluster.ready()
        assert not cluster.data.exists()
        assert list(home.iterdir()) == []


class TestThrowawayCluster:
    def test_is_gone_after_a_failure(self):
        with pytest.raises(RuntimeError), throwaway_cluster(in_memory=True) as cluster:
            raise RuntimeError
        assert not cluster.ready()
        assert not cluster.place.exists()

    def test_of_a_killed_process_is_removed_by_the_next(self):
        script = (
            "import time; from config.dev.throwaway import throwaway_cluster as t\n"
            "with t(in_memory=True) as c: print(c.place, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
            place = Path(killed.stdout.readline().strip())
            killed.kill()
        abandoned = EmbeddedPostgres(place, place=place)
        assert abandoned.ready()
        with throwaway_cluster(in_memory=True):
            assert not abandoned.ready()
            assert not place.exists()

    def test_counts_statements_when_asked(self):
        with (
            throwaway_cluster(in_memory=True, statement_statistics=True) as cluster,
            psycopg.connect(cluster.uri(), autocommit=True) as connection,
        ):
            connection.execute("CREATE EXTENSION pg_stat_statements")
            assert connection.execute("SHOW pg_stat_statements.track").fetchone() == ("all",)
