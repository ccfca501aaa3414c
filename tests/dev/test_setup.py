"""Setting up a machine: what is left alone, what is done again, what is said."""

import re
from pathlib import Path

import pytest

from config.dev import setup

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT_FILES = sorted(ROOT.glob("requirements*.txt"))


class TestBring:
    def test_installs_again_only_when_the_pins_changed(self, tmp_path: Path):
        pins, stamp, installed = tmp_path / "pins.txt", tmp_path / "stamp", []
        for text in ("a==1", "a==1", "a==2"):
            pins.write_text(text)
            setup.bring(pins, stamp, lambda path: installed.append(path.read_text()))
        assert installed == ["a==1", "a==2"]

    def test_installs_again_after_a_failure(self, tmp_path: Path):
        pins, stamp, installed = tmp_path / "pins.txt", tmp_path / "stamp", []
        pins.write_text("a==1")

        def fail(path: Path) -> None:
            raise setup.SetupError

        with pytest.raises(setup.SetupError):
            setup.bring(pins, stamp, fail)
        setup.bring(pins, stamp, installed.append)
        assert installed == [pins]


class TestBringDebianPackages:
    def test_says_one_command_when_it_may_not_install(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(setup, "loads", lambda library: False)
        monkeypatch.setattr(setup, "as_administrator", lambda: None)
        monkeypatch.setattr(setup.shutil, "which", lambda program: "/usr/bin/apt-get" if program == "apt-get" else None)
        with pytest.raises(
            setup.SetupError, match=r'su -c "apt-get update && apt-get install .*libpango-1.0-0 .* chromium libatomic1"'
        ):
            setup.bring_debian_packages("run")

    def test_does_not_want_a_browser_to_run(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(setup.shutil, "which", lambda program: None)
        assert "chromium" not in setup.missing_packages("run")
        assert "chromium" in setup.missing_packages("test")

    def test_wants_debian_s_server_where_a_version_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        monkeypatch.setattr(setup, "DEBIAN_SERVERS", tmp_path)
        monkeypatch.setenv("PG", "15")
        assert "postgresql-15" in setup.missing_packages("test")
        assert "postgresql-15" not in setup.missing_packages("run")
        (tmp_path / "15" / "bin").mkdir(parents=True)
        (tmp_path / "15" / "bin" / "initdb").touch()
        assert "postgresql-15" not in setup.missing_packages("test")

    def test_says_what_is_no_version(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PG", "15 && reboot")
        with pytest.raises(setup.SetupError, match="such as 15"):
            setup.missing_packages("test")


class TestRunShown:
    def test_shows_all_that_a_failed_program_said(self):
        with pytest.raises(setup.SetupError, match="no such package"):
            setup.run_shown(["sh", "-c", "echo no such package; exit 1"], setup.Progress("Packages"))


@pytest.mark.parametrize("path", REQUIREMENT_FILES, ids=lambda path: path.name)
class TestRequirements:
    def test_are_pinned_with_hashes(self, path: Path):
        pins = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
        assert pins
        for pin in pins:
            assert re.match(r"[a-z0-9.-]+==\S+ ", pin), pin
            assert "--hash=sha256:" in pin, pin

    def test_name_no_address_and_no_machine(self, path: Path):
        assert not re.search(r"https?:|file:|--index|--extra-index|--find-links|--trusted-host", path.read_text())
        assert not re.search(r"(^|\s)/\w", path.read_text())
