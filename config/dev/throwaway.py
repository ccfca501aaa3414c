"""Lends clusters in temporary folders to tests and benchmarks, and removes them whatever happens."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config.dev.postgres import ROOT_PLACE, EmbeddedPostgres, PostgresError, locked, make_place

# A table that is vacuumed before its rows are committed counts as empty, and no plan fits what a test put in
UNCOMMITTED = {"autovacuum": "off"}
STATEMENT_STATISTICS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "all"}
MEMORY_PLACE = Path("/dev/shm")  # noqa: S108  entered through mkdtemp only
MEMORY_NEEDED = 1 << 30
DEBIAN_SERVERS = Path("/usr/lib/postgresql")
THROWAWAY = "orderly-throwaway-"


@contextlib.contextmanager
def throwaway_cluster(*, in_memory: bool = False, statement_statistics: bool = False) -> Iterator[EmbeddedPostgres]:
    """Lend a running cluster in a temporary folder that is removed at the end, also after a failure.

    `in_memory`, as tests want it, puts it into /dev/shm where that has room (durable settings stay on and cost nothing
    there) and vacuums nothing by itself. A cluster whose process was killed before it could clean up is removed by the
    next one. PG chooses another server.
    """
    with throwaway_folder(in_memory=in_memory) as folder:
        settings = {**(STATEMENT_STATISTICS if statement_statistics else {}), **(UNCOMMITTED if in_memory else {})}
        cluster = EmbeddedPostgres(folder, place=folder, settings=settings, binaries=chosen_binaries())
        try:
            yield cluster.start()
        finally:
            cluster.remove()


def chosen_binaries() -> Path | None:
    """Give the programs of Debian's server where PG names its version (`make test PG=15`), or nothing for our own.

    :raises PostgresError: if that version is not installed.
    """
    version = os.environ.get("PG", "")
    if not version:
        return None
    binaries = DEBIAN_SERVERS / version / "bin"
    if not binaries.is_dir():
        raise PostgresError(f"PostgreSQL {version} is not installed: make test PG={version} installs it.")
    return binaries


@contextlib.contextmanager
def throwaway_folder(*, in_memory: bool = False) -> Iterator[Path]:
    """Lend a folder for a throw-away cluster, held by a lock that ends with this process, and remove it at the end."""
    parent = Path(tempfile.gettempdir()) if os.geteuid() else ROOT_PLACE  # root's TMPDIR may be closed to others
    make_place(parent)
    if in_memory and MEMORY_PLACE.is_dir() and shutil.disk_usage(MEMORY_PLACE).free > MEMORY_NEEDED:
        parent = MEMORY_PLACE
    _sweep_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=THROWAWAY, dir=parent))
    folder.chmod(0o711)  # our own new folder; the server's user must be able to pass through it
    try:
        with locked(folder / "in-use"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_abandoned(parent: Path) -> None:
    """Remove the throw-away clusters whose process was killed: their lock is free."""
    for folder in parent.glob(f"{THROWAWAY}*"):
        if folder.stat().st_uid != os.geteuid() or not (folder / "in-use").exists():
            continue
        with contextlib.suppress(OSError, PostgresError), locked(folder / "in-use", wait=False):
            EmbeddedPostgres(folder, place=folder).remove()
            shutil.rmtree(folder, ignore_errors=True)
