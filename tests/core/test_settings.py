"""Production starts with its secrets and a server of its own, or not at all (T37)."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError

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


@pytest.fixture
def start(monkeypatch) -> Callable[..., dict[str, Any]]:
    """Read the settings as a server does that starts in production's environment, with some variables changed."""

    def start(**changes: str | None) -> dict[str, Any]:
        environment = {"PATH": os.environ["PATH"], **PRODUCTION, **changes}
        monkeypatch.setattr(os, "environ", {name: value for name, value in environment.items() if value is not None})
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    return start


class TestProduction:
    def test_starts_with_all_it_needs_and_shows_no_one_its_faults(self, start):
        settings = start()
        assert settings["PRODUCTION"]
        assert not settings["DEBUG"]

    def test_is_what_starts_when_nothing_is_said(self, start):
        with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY"):
            start(ORDERLY_ENV=None, SECRET_KEY=None)

    @pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
    @pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
    def test_refuses_to_start_without(self, start, name, value):
        with pytest.raises(ImproperlyConfigured, match=f"Set {name}"):
            start(**{name: value})

    def test_refuses_a_short_secret(self, start):
        with pytest.raises(ImproperlyConfigured, match="at least 50 characters"):
            start(SECRET_KEY="short")

    @pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL"])
    def test_refuses_another_database_than_postgresql(self, start, name):
        with pytest.raises(ImproperlyConfigured, match=f"{name} must name a PostgreSQL database"):
            start(**{name: "sqlite:////tmp/orderly"})

    @pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_DATABASE_URL"])
    @pytest.mark.parametrize("address", EMBEDDED, ids=["as a query", "as a host"])
    def test_refuses_the_server_that_make_run_brings(self, start, name, address):
        with pytest.raises(ImproperlyConfigured, match=f"{name} is the server that `make run` brings"):
            start(**{name: address})

    @pytest.mark.parametrize(
        ("hosts", "named", "domain"),
        [
            ("orderly.example,www.orderly.example", None, "orderly.example"),
            (".Orderly.example", None, "orderly.example"),
            ("*", "orderly.example", "orderly.example"),
        ],
    )
    def test_makes_passkeys_for_the_domain_of_its_first_host(self, start, hosts, named, domain):
        assert start(ALLOWED_HOSTS=hosts, PASSKEY_DOMAIN=named)["PASSKEY_DOMAIN"] == domain

    @pytest.mark.parametrize("host", ["*", "192.0.2.7", "[::1]"])
    def test_refuses_hosts_that_passkeys_cannot_be_made_for(self, start, host):
        with pytest.raises(ImproperlyConfigured, match="Set PASSKEY_DOMAIN"):
            start(ALLOWED_HOSTS=host)

    @pytest.mark.parametrize("odd", [{"CONN_MAX_AGE": "ten"}, {"LOG_LEVEL": "LOUD"}, {"ORDERLY_ENV": "prod"}])
    def test_refuses_odd_values(self, start, odd):
        with pytest.raises(EnvError, match=next(iter(odd))):
            start(**odd)

    def test_leaves_the_trial_on_one_machine_its_server(self, start):
        settings = start(ORDERLY_ENV="local", DATABASE_URL=EMBEDDED[0], MIGRATE_DATABASE_URL=None, SECRET_KEY=None)
        assert settings["DATABASES"]["default"]["NAME"] == "orderly"

    def test_sends_its_cookies_over_tls_only_and_to_no_other_site(self, start):
        settings = start()
        for cookie in ("SESSION", "CSRF"):
            assert settings[f"{cookie}_COOKIE_SECURE"]
            assert settings[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
            assert settings[f"{cookie}_COOKIE_NAME"].startswith("__Host-")


class TestCheckDeploy:
    """The command as a deployment runs it."""

    def check(self, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **PRODUCTION, **changes},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_finds_nothing_in_the_shipped_settings(self):
        checked = self.check()
        assert (checked.returncode, checked.stdout) == (0, "System check identified no issues (0 silenced).\n")

    def test_does_not_begin_without_a_secret(self):
        checked = self.check(SECRET_KEY="")
        assert checked.returncode != 0
        assert "ImproperlyConfigured: Set SECRET_KEY" in checked.stderr

    def test_warns_of_one_role_for_everything(self):
        checked = self.check(MIGRATE_DATABASE_URL=PRODUCTION["DATABASE_URL"])
        assert checked.returncode != 0
        assert "(orderly.W001)" in checked.stderr
