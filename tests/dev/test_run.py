"""The supervisor of `make run`, part by part."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.dev import run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port() -> int:
    """Find a port that is free."""
    with socket.socket() as probe:
        probe.bind((run.HOST, 0))
        return probe.getsockname()[1]


class TestOnlyOne:
    def test_refuses_a_second_run_and_names_the_first(self, tmp_path: Path):
        with (
            run.only_one(tmp_path, 8123),
            pytest.raises(run.RunError, match=r"already runs .*http://127.0.0.1:8123/"),
            run.only_one(tmp_path, 8124),
        ):
            pass

    def test_knows_a_killed_run_from_one_that_ended(self, tmp_path: Path):
        script = (
            "import sys, time; from pathlib import Path; from config.dev.run import only_one\n"
            "with only_one(Path(sys.argv[1]), 8123): print('holds', flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-c", script, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as killed:
            killed.stdout.readline()
            killed.kill()
        with run.only_one(tmp_path, 8123) as was_cut_short:
            assert was_cut_short
        with run.only_one(tmp_path, 8123) as was_cut_short:
            assert not was_cut_short


class TestRequireFree:
    def test_names_another_port_when_this_one_is_in_use(self, port: int):
        with socket.socket() as taken:
            taken.bind((run.HOST, port))
            taken.listen()
            with pytest.raises(run.RunError, match=f"Port {port} is in use .* PORT={port + 1} make run"):
                run.require_free(port, patience=0)

    def test_accepts_a_free_port(self, port: int):
        run.require_free(port, patience=0)


class TestReadPort:
    @pytest.mark.parametrize("given", ["http", "0", "65536", "-1", "80 81"])
    def test_refuses_what_is_no_port(self, monkeypatch: pytest.MonkeyPatch, given: str):
        monkeypatch.setenv("PORT", given)
        with pytest.raises(run.RunError, match="PORT must be a number"):
            run.read_port()


class TestKeptSecret:
    def test_is_made_once_and_readable_by_its_owner_only(self, tmp_path: Path):
        first = run.kept_secret(tmp_path)
        assert len(first) >= 50
        assert run.kept_secret(tmp_path) == first
        assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


class TestDatabase:
    def test_uses_the_given_server_and_starts_none(self, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.setenv("DATABASE_URL", "postgresql://app@db.example/orderly")
        monkeypatch.delenv("MIGRATE_DATABASE_URL", raising=False)
        with run.database(tmp_path) as addresses:
            assert addresses["MIGRATE_DATABASE_URL"] == "postgresql://app@db.example/orderly"
        assert "MIGRATE_DATABASE_URL is not set" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == []


class TestChild:
    def test_that_ends_by_itself_is_reported_with_its_log(self, tmp_path: Path):
        command = [sys.executable, "-c", "print('out of paper'); raise SystemExit(3)"]
        with run.Child("printer", command, dict(os.environ), tmp_path / "printer.log") as child:
            child.program.wait(30)
            with pytest.raises(
                run.RunError, match=r"out of paper\n\nThe printer ended by itself \(exit 3\). Its log: "
            ):
                child.require_alive()

    def test_is_stopped_on_the_way_out(self, tmp_path: Path):
        with run.Child("sleeper", ["sleep", "60"], dict(os.environ), tmp_path / "sleeper.log") as child:
            child.require_alive()
        assert child.program.returncode == -signal.SIGTERM

    def test_ends_when_the_supervisor_is_killed(self, tmp_path: Path):
        script = (
            "import os, sys, time; from pathlib import Path; from config.dev.run import Child\n"
            "with Child('sleeper', ['sleep', '60'], dict(os.environ), Path(sys.argv[1])) as child:\n"
            "    print(child.program.pid, flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "log")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
            sleeper = Path("/proc") / killed.stdout.readline().strip() / "cwd"
            assert sleeper.exists()
            killed.kill()
        deadline = time.monotonic() + 10
        while sleeper.exists():
            assert time.monotonic() < deadline, "the child outlives its supervisor"
            time.sleep(0.02)
