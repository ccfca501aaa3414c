"""What `make run` does once this machine is set up: starts everything, keeps watch, and stops everything.

PostgreSQL (our own, unless DATABASE_URL names one), migrations, demo data and static files come first; then the web
server and the workers. Ctrl-C stops them in the opposite order and leaves the data. A kill -9 of this process takes
the web server and the workers with it, and the next start takes over a PostgreSQL that was left.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import http
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from config.dev.databases import ensure_roles_and_database
from config.dev.postgres import APP_ROLE, DATABASE, OWNER_ROLE, EmbeddedPostgres, PostgresError

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
# What people open: browsers offer passkeys at this name and not at the number
NAME = "localhost"
MANAGE = [sys.executable, str(ROOT / "manage.py")]
START_LIMIT = 60
STOP_LIMIT = 12  # longer than the web server waits for its requests
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class RunError(Exception):
    """Raised with a sentence for the person at the terminal when Orderly cannot run."""


class Stopped(Exception):
    """Raised out of whatever is going on when the person or the system asks us to stop."""


def main() -> None:
    """Start Orderly, keep watch until it is stopped, and stop what was started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup asked to outlive its terminal
            signal.signal(number, stop)
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    port = read_port()
    make_folder(data_dir)
    with contextlib.ExitStack() as running:
        was_cut_short = running.enter_context(only_one(data_dir, port))
        require_free(port, patience=STOP_LIMIT if was_cut_short else 0)
        environment = {
            **os.environ,
            "ORDERLY_ENV": os.environ.get("ORDERLY_ENV") or "local",
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or kept_secret(data_dir),
            **running.enter_context(database(data_dir)),
        }
        prepare(environment)
        children = [
            running.enter_context(Child("job worker", worker("default"), environment, data_dir / "worker.log")),
            running.enter_context(Child("printer", worker("papers", "-c", "1"), environment, data_dir / "printer.log")),
            running.enter_context(Child("web server", web_server(port), environment, data_dir / "web.log")),
        ]
        wait_for_answer(port, children)
        say(f"\nOrderly runs at http://{NAME}:{port}/   (Ctrl-C stops it, the data stays in {data_dir})\n")
        run_manage(environment, "load_demo", "--print-logins")
        watch(children)


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """Answer a signal: leave whatever is going on; what was started is stopped on the way out."""
    for repeated in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(repeated, signal.SIG_IGN)  # the way out is short, and a second Ctrl-C must not cut it
    say("\nStopping ...")
    raise Stopped


def say(sentence: str) -> None:
    """Tell the person at the terminal, if there still is one."""
    with contextlib.suppress(OSError):
        print(sentence, flush=True)


def read_port() -> int:
    """Read PORT.

    :raises RunError: if it is no port that a normal program may use.
    """
    given = os.environ.get("PORT") or "8000"
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise RunError(f"PORT must be a number from 1 to 65535, not {given!r}.")
    return int(given)


def make_folder(folder: Path) -> None:
    """Make the data folder unless it is there, and see that it can be written to.

    :raises RunError: if it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"The data folder {folder} cannot be made ({error.strerror}): set DATA_DIR to another."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunError(f"The data folder {folder} belongs to somebody else: set DATA_DIR to one of your own.")


@contextlib.contextmanager
def only_one(data_dir: Path, port: int) -> Iterator[bool]:
    """Hold the data folder for this run, and tell whether the last run was killed.

    The kernel lets go of the folder however this process ends; only a run that ends well wipes its name out.

    :raises RunError: if another run holds it.
    """
    with (data_dir / "run.lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise RunError(f"Orderly already runs on this data folder: {held.read().strip() or data_dir}") from None
        was_cut_short = held.tell() > 0
        held.truncate(0)
        held.write(f"http://{HOST}:{port}/ (process {os.getpid()})")
        held.flush()
        try:
            yield was_cut_short
        finally:
            held.truncate(0)


def require_free(port: int, *, patience: float) -> None:
    """See that nobody listens on the port; the programs of a killed run get some patience to end by themselves.

    :raises RunError: if somebody does, or if this user may not use it.
    """
    deadline = time.monotonic() + patience
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                raise RunError(f"Only an administrator may use port {port}: start with PORT=8000 make run.") from None
            except OSError:
                if time.monotonic() > deadline:
                    other = port + 1 if port < 65535 else 8000
                    raise RunError(
                        f"Port {port} is in use by another program (perhaps Orderly itself): "
                        f"start with PORT={other} make run."
                    ) from None
                time.sleep(0.1)
            else:
                return


def kept_secret(data_dir: Path) -> str:
    """Read the secret key of this data folder, made at the first start and readable by its owner only."""
    path = data_dir / "secret-key"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    unfinished = data_dir / "secret-key.unfinished"
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(secrets.token_urlsafe(64))
    unfinished.rename(path)
    return path.read_text().strip()


@contextlib.contextmanager
def database(data_dir: Path) -> Iterator[dict[str, str]]:
    """Give the addresses of the database: the ones in the environment, or those of our own server, run meanwhile."""
    given = os.environ.get("DATABASE_URL")
    if given:
        migrate = os.environ.get("MIGRATE_DATABASE_URL")
        if not migrate:
            say("MIGRATE_DATABASE_URL is not set: migrations run as the role of DATABASE_URL, which then owns the")
            say(
                "tables, so that the database cannot keep the app from changing its ledgers. Fine to try, not to trade."
            )
        yield {"DATABASE_URL": given, "MIGRATE_DATABASE_URL": migrate or given}
        return
    begun = time.monotonic()
    cluster = EmbeddedPostgres(data_dir, say=say)
    try:
        cluster.start(adopt=True)  # the data folder is ours alone, so a server that runs there was left by a killed run
        ensure_roles_and_database(cluster.uri())
        say(f"  PostgreSQL: ready in {time.monotonic() - begun:.1f} s")
        yield {
            "DATABASE_URL": cluster.uri(APP_ROLE, DATABASE),
            "MIGRATE_DATABASE_URL": cluster.uri(OWNER_ROLE, DATABASE),
        }
    finally:
        cluster.stop()


def prepare(environment: dict[str, str]) -> None:
    """Bring the database and the static files to the state of this code."""
    do(environment, "Database structure", "migrate", "--verbosity=0")
    do(environment, "Demo data", "load_demo", "--if-empty")
    stamp, inputs = ROOT / "staticfiles" / "orderly-inputs", static_inputs()
    if not stamp.exists() or stamp.read_text() != inputs:
        do(environment, "Static files", "collectstatic", "--no-input", "--clear", "--verbosity=0")
        stamp.write_text(inputs)


def do(environment: dict[str, str], what: str, *command: str) -> None:
    """Run one management command, saying what it is for and how long it took."""
    begun = time.monotonic()
    say(f"  {what} ...")
    run_manage(environment, *command)
    say(f"  {what}: done in {time.monotonic() - begun:.1f} s")


def static_inputs() -> str:
    """Tell apart the states of all that static files are made of: compressing them anew costs seconds."""
    ours = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    pins = [ROOT / name for name in ("requirements.txt", "package-lock.json", "config/settings.py", "config/apps.py")]
    states = ((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sorted([*ours, *pins]))
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()


def run_manage(environment: dict[str, str], *command: str) -> None:
    """Run one management command to its end; it speaks to the terminal itself.

    :raises RunError: if it fails.
    """
    with subprocess.Popen(
        [*MANAGE, *command], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent
    ) as program:
        try:
            code = program.wait()
        except BaseException:
            program.terminate()
            raise
    if code:
        raise RunError(f"manage.py {command[0]} failed (exit {code}); what it said is above.")


def worker(queue: str, *options: str) -> list[str]:
    """Give the command of the worker for one queue's jobs."""
    return [*MANAGE, "procrastinate", "worker", "--queues", queue, *options]


def web_server(port: int) -> list[str]:
    """Give the command of the web server."""
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"{HOST}:{port}"),
        *"--worker-class gthread --workers 2 --threads 4 --timeout 60 --graceful-timeout 10".split(),
        *("--access-logfile", "-", "--name", "orderly", "--no-control-socket"),  # it would leave a folder in the home
    ]


class Child:
    """A program that belongs to this run: started on entry, asked to end on exit, and made to end if it does not."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment

    def __enter__(self) -> "Child":
        with self.log.open("w") as log:
            self.program = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal reaches us alone, and we stop it in its turn
                preexec_fn=end_with_parent,
            )
        return self

    def __exit__(self, *reason: object) -> None:
        self.program.terminate()
        try:
            self.program.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            say(f"The {self.name} is in the middle of something long: it is ended, and takes that up again next time.")
            self.program.kill()
            self.program.wait()

    def require_alive(self) -> None:
        """See that the program still runs.

        :raises RunError: if it has ended, with the end of its log.
        """
        code = self.program.poll()
        if code is not None:
            end = self.log.read_text(errors="replace")[-2000:].strip()
            raise RunError(f"{end}\n\nThe {self.name} ended by itself (exit {code}). Its log: {self.log}")


def end_with_parent() -> None:
    """Ask the kernel to end this new process when the supervisor dies, even by kill -9."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for_answer(port: int, children: list[Child]) -> None:
    """Wait until the web server answers that it is healthy.

    :raises RunError: if it does not in time, or if a child ends.
    """
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        for child in children:
            child.require_alive()
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
        except OSError:
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if status != http.HTTPStatus.OK:
            raise RunError(f"The web server answers {status}. Its log: {children[-1].log}")
        return
    raise RunError(f"The web server does not answer. Its log: {children[-1].log}")


def watch(children: list[Child]) -> NoReturn:
    """Keep watch over the children until a signal comes.

    :raises RunError: if one of them ends by itself.
    """
    while True:
        for child in children:
            child.require_alive()
        time.sleep(0.5)


def complain(sentence: object, stream: TextIO = sys.stderr) -> NoReturn:
    """Say why Orderly does not run, and exit with an error."""
    with contextlib.suppress(OSError):
        print(f"\n{sentence}", file=stream, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except Stopped:
        say("Stopped. The data is kept; make run starts again.")
    except (RunError, PostgresError) as error:
        complain(error)
