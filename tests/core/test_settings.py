"""Production starts with its secrets and a server of its own, or not at all (T37)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "ORDERLY_ENV": "production",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SECRET_KEY": "0123456789-not-a-secret-but-long-enough-and-of-many-different-signs",
    "ALLOWED_HOSTS": "orderly.example",
    "CSRF_TRUSTED_ORIGINS": "https://orderly.example",
    "DATABASE_URL": "postgresql://orderly_app:password@127.0.0.1:1/orderly",
    "MIGRATE_DATABASE_URL": "postgresql://orderly_owner:password@127.0.0.1:1/orderly",
}
EMBEDDED = [
    "postgresql://orderly_app@/orderly?host=/var/lib/orderly/cluster-0123/pgdata",
    "postgresql://orderly_app@%2Fhome%2Fann%2Forderly%2Fvar%2Fpgdata/orderly",
]


def run(*command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with production's environment and these changes to it; None takes a variable away."""
    environment = {"PATH": os.environ["PATH"], **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    """Read the settings as a server does that starts."""
    return run("-c", "from config import settings; print('started', settings.DEBUG)", **changes)


class TestProduction:
    def test_starts_with_all_it_needs_and_shows_no_one_its_faults(self):
        assert start().stdout == "started False\n"

    def test_is_what_starts_when_nothing_is_said(self):
        assert "Set SECRET_KEY" in start(ORDERLY_ENV=None, SECRET_KEY=None).stderr

    @pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
    @pytest.mark.parametrize("value", [None, ""])
    def test_refuses_to_start_without(self, name, value):
        refused = start(**{name: value})
        assert refused.returncode != 0
        assert f"ImproperlyConfigured: Set {name}" in refused.stderr

    def test_refuses_a_short_secret(self):
        assert "at least 50 characters" in start(SECRET_KEY="short").stderr

    @pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL"])
    def test_refuses_another_database_than_postgresql(self, name):
        assert f"{name} must name a PostgreSQL database" in start(**{name: "sqlite:////tmp/orderly"}).stderr

    @pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL"])
    @pytest.mark.parametrize("address", EMBEDDED, ids=["as a query", "as a host"])
    def test_refuses_the_server_that_make_run_brings(self, name, address):
        refused = start(**{name: address})
        assert refused.returncode != 0
        assert f"ImproperlyConfigured: {name} is the server that `make run` brings" in refused.stderr

    @pytest.mark.parametrize("odd", [{"CONN_MAX_AGE": "ten"}, {"LOG_LEVEL": "LOUD"}, {"ORDERLY_ENV": "prod"}])
    def test_refuses_odd_values(self, odd):
        refused = start(**odd)
        assert refused.returncode != 0
        assert next(iter(odd)) in refused.stderr


class TestCheckDeploy:
    def check(self, **changes: str | None) -> subprocess.CompletedProcess[str]:
        return run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **changes)

    def test_finds_nothing_in_the_shipped_settings(self):
        checked = self.check()
        assert (checked.returncode, checked.stdout) == (0, "System check identified no issues (0 silenced).\n")

    def test_warns_of_one_role_for_everything(self):
        checked = self.check(MIGRATE_DATABASE_URL=None)
        assert checked.returncode != 0
        assert "(orderly.W001)" in checked.stderr
