"""What `make clean` does: takes away all that the Makefile's targets made, the demo's database included.

Runs on the system's python3, so that it also works when .venv is broken.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from config.dev.postgres import EmbeddedPostgres, PostgresError

ROOT = Path(__file__).resolve().parents[2]
MADE_BY_US = (".venv", "node_modules", "staticfiles", "var")
# What benchmarks keep for their next run
BENCHMARKS = Path("var", "bench")
# Of a data folder that the person chose, only what `make run` put there by itself.
IN_DATA_DIR = ("run.lock", "secret-key", "web.log", "worker.log", "printer.log")


def main() -> None:
    """Remove the clusters, our part of the data folder, and the folders made in the checkout."""
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    if data_dir.is_dir():
        with (data_dir / "run.lock").open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit("Orderly runs on this data: stop it first (Ctrl-C where make run was typed).")
            try:
                EmbeddedPostgres(data_dir).remove()
            except PostgresError as error:
                sys.exit(str(error))
            for name in IN_DATA_DIR:
                (data_dir / name).unlink(missing_ok=True)
    try:
        EmbeddedPostgres(ROOT / BENCHMARKS).remove()
    except PostgresError as error:
        sys.exit(str(error))
    for name in MADE_BY_US:
        shutil.rmtree(ROOT / name, ignore_errors=True)


if __name__ == "__main__":
    main()
