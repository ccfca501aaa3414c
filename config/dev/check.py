"""What `make check` does: every check that needs no running product, each to its end, and a verdict.

The deploy check runs on the shipped production settings with throw-away secrets; no check opens a database.
"""

import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "ORDERLY_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "orderly.example",
    "CSRF_TRUSTED_ORIGINS": "https://orderly.example",
    "DATABASE_URL": "postgresql://orderly_app:throw-away@127.0.0.1:1/orderly",
    "MIGRATE_DATABASE_URL": "postgresql://orderly_owner:throw-away@127.0.0.1:1/orderly",
}
# Nobody listens on that port: makemigrations would like to compare with a database, and says that it could not.
NO_DATABASE = ["-W", "ignore:Got an error checking a consistent migration history"]


def main() -> None:
    """Run all checks, show what the failed ones said, and exit with 1 if any failed."""
    failed = [name for name, command in checks().items() if not passes(name, command)]
    if failed:
        sys.exit(f"\nFailed: {', '.join(failed)}")


def checks() -> dict[str, list[str]]:
    """Give each check's name and command."""
    in_production = ["env", *(f"{name}={value}" for name, value in PRODUCTION.items())]
    manage = [*in_production, sys.executable, *NO_DATABASE, "manage.py"]
    templates = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
    return {
        "format": [str(BIN / "ruff"), "format", "--check", "."],
        "lint": [str(BIN / "ruff"), "check", "."],
        "templates": [str(BIN / "djade"), "--check", "--target-version", "5.2", *templates],
        "imports": [str(BIN / "lint-imports")],
        "types": [str(BIN / "mypy")],
        "deploy": [*manage, "check", "--deploy", "--fail-level", "WARNING"],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
    }


def passes(name: str, command: list[str]) -> bool:
    """Run one check, print its verdict, and what it said if it failed."""
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    print(f"  {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - begun:.1f} s", flush=True)
    if not passed:
        print(done.stdout, flush=True)
    return passed


if __name__ == "__main__":
    main()
