"""Brings what Orderly needs onto this machine: Debian's packages, a .venv, Python packages and browser assets.

Runs on the system's python3 with its standard library only, before anything else is there. What is up to date is left
alone, so a second start costs a few milliseconds. All words go to stderr: stdout belongs to what is run afterwards.

    python3 config/dev/setup.py run     what `make run` needs
    python3 config/dev/setup.py test    what tests, checks and benchmarks need besides
"""

import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
OLDEST_PYTHON = (3, 11)

# WeasyPrint loads these libraries; Debian's package of each.
PRINTING_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
# Only tests need a browser, and Playwright, which drives it, one more library.
BROWSERS = {"chromium": "chromium"}
BROWSER_LIBRARIES = {"libatomic.so.1": "libatomic1"}
# Tests can be run on Debian's own server instead of ours: PG=15.
DEBIAN_SERVERS = Path("/usr/lib/postgresql")
REQUIREMENTS = {
    "run": ("requirements.txt", "requirements-local.txt"),
    "test": ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"),
}


class SetupError(Exception):
    """Raised with a sentence for the person at the terminal when this machine cannot be set up."""


def main(purpose: str) -> None:
    """Bring everything that a purpose needs, one process at a time.

    :raises SetupError: if something is missing that only the person can bring.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(f"Orderly needs Python 3.11 or newer, and python3 is {sys.version.split()[0]}.")
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        bring_debian_packages(purpose)
        bring_python_packages(purpose)
        bring_browser_assets()
    finally:
        os.close(folder)


def bring_debian_packages(purpose: str) -> None:
    """Install Debian's packages that are missing, or say the one command that does.

    :raises SetupError: if they are missing and we may not install them.
    """
    missing = missing_packages(purpose)
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise SetupError(
            f"Orderly needs these parts of the system, and there is no apt-get to bring them: {', '.join(missing)}."
        )
    administrator = as_administrator()
    if administrator is None:
        # Everything that any purpose needs, so that this is asked once.
        needed = " ".join(missing_packages("test"))
        become = "sudo sh" if shutil.which("sudo") else "su"
        raise SetupError(
            "Orderly needs Debian packages that only an administrator can install. "
            "Type this once, then start again:\n\n"
            f'    {become} -c "apt-get update && apt-get install --yes --no-install-recommends {needed}"\n'
        )
    apt = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "--yes"]
    install = [*apt, "install", "--no-install-recommends", *missing]
    progress = Progress(
        f"Debian packages ({', '.join(missing)})", r"^(?:Get:\d+ \S+ \S+ \S+|Unpacking|Setting up) (\S+)"
    )
    run_shown([*apt, "update"], progress)
    run_shown(install, progress)
    progress.done()
    if missing_packages(purpose):
        raise SetupError(f"apt-get brought no {', '.join(missing_packages(purpose))}.")


def as_administrator() -> list[str] | None:
    """Tell what to put before a command that installs packages: nothing for root, sudo where it asks no password."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0:
        return sudo
    return None


def missing_packages(purpose: str) -> list[str]:
    """List Debian's packages whose parts are not on this machine.

    :raises SetupError: if PG is no version of PostgreSQL.
    """
    missing = [package for library, package in PRINTING_LIBRARIES.items() if not loads(library)]
    if purpose == "test":
        missing += [package for program, package in BROWSERS.items() if not shutil.which(program)]
        missing += [package for library, package in BROWSER_LIBRARIES.items() if not loads(library)]
        version = os.environ.get("PG", "")
        if version and not version.isdecimal():
            raise SetupError(f"PG is the number of a PostgreSQL version, such as 15, and not {version!r}.")
        if version and not (DEBIAN_SERVERS / version / "bin" / "initdb").exists():
            missing.append(f"postgresql-{version}")
    return missing


def loads(library: str) -> bool:
    """Tell whether the system finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def bring_python_packages(purpose: str) -> None:
    """Make .venv and install the pinned packages, each verified by its hash.

    :raises SetupError: if the environment cannot be made or a package cannot be installed.
    """
    make_venv()
    for name in REQUIREMENTS[purpose]:
        bring(ROOT / name, VENV / f"orderly-{name}", lambda path: pip_install(path, f"Python packages ({path.name})"))


def make_venv() -> None:
    """Make .venv, anew if it was made elsewhere or by a Python that has gone.

    :raises SetupError: if this Python lacks the parts to make one.
    """
    mark = VENV / "orderly-origin"
    origin = f"{VENV} {sys.version}"
    if mark.exists() and mark.read_text() == origin and PYTHON.exists():
        return
    progress = Progress("Python environment (.venv)")
    try:
        venv.create(VENV, clear=mark.exists(), with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            "Python cannot make a virtual environment here. On Debian, type this once, then start again:\n\n"
            "    sudo apt-get install --yes python3-venv    (or as root, without sudo)\n"
        ) from error
    mark.write_text(origin)
    progress.done()


def pip_install(requirements: Path, what: str) -> None:
    """Install one file of pinned packages into .venv."""
    pins = len(re.findall(r"^[a-z0-9].*==", requirements.read_text(), re.MULTILINE))
    progress = Progress(what, r"^(?:Collecting|Requirement already satisfied:) ([\w.-]+)", pins)
    # Built packages only: what is not hashed, a build's own tools, is never fetched, and nothing is compiled here.
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    run_shown([*pip, "--require-hashes", "--only-binary=:all:", "--no-deps", "-r", str(requirements)], progress)
    progress.done()


def bring_browser_assets() -> None:
    """Install the browser assets of package-lock.json into node_modules, verified by their hashes.

    :raises SetupError: if npm fails.
    """
    bring(ROOT / "package-lock.json", NODE_MODULES / ".orderly", lambda path: npm_ci())


def npm_ci() -> None:
    """Install browser assets with the machine's npm, or with one that comes as a Python package."""
    environment = dict(os.environ)
    if shutil.which("npm") and shutil.which("node"):
        npm = ["npm"]
    else:
        path = ROOT / "requirements-node.txt"
        bring(path, VENV / f"orderly-{path.name}", lambda path: pip_install(path, "Node.js for the browser assets"))
        npm = [str(VENV / "bin" / "npm")]
        environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    progress = Progress("Browser assets (npm)")
    run_shown([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], progress, environment)
    progress.done()


def bring(source: Path, stamp: Path, install: Callable[[Path], None]) -> None:
    """Install what a file of pins asks for, unless its stamp says that these very pins are installed."""
    wanted = hashlib.sha256(source.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    install(source)
    stamp.write_text(wanted)


class Progress:
    """One line on stderr that tells what is going on, how far it is and how long it took."""

    def __init__(self, what: str, step: str = "", steps: int = 0) -> None:
        self.what = what
        self.step = re.compile(step) if step else None
        self.steps = steps
        self.count = 0
        self.begun = time.monotonic()
        self.said = self.begun
        self.live = sys.stderr.isatty()
        print(f"  {what} ...", end="" if self.live else "\n", file=sys.stderr, flush=True)

    def see(self, line: str) -> None:
        """Take a line that the step's program printed, and show the step that it tells of."""
        found = self.step.search(line) if self.step else None
        if not found:
            return
        self.count += 1
        where = f"{min(self.count, self.steps)}/{self.steps} " if self.steps else ""
        if self.live:
            print(f"\r\033[K  {self.what} ... {where}{found[1]}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            print(f"  {self.what} ... {where}{found[1]}", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Say that the step is finished."""
        start = "\r\033[K" if self.live else ""
        print(f"{start}  {self.what}: done in {time.monotonic() - self.begun:.0f} s", file=sys.stderr, flush=True)


def run_shown(command: list[str], progress: Progress, environment: dict[str, str] | None = None) -> None:
    """Run a program, showing its steps, and all that it said if it fails.

    :raises SetupError: if the program fails.
    """
    said = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as program:
        for line in program.stdout or ():
            said.append(line)
            progress.see(line)
    if program.returncode:
        raise SetupError(f"{progress.what}: this failed: {' '.join(command)}\n\n{''.join(said[-40:])}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "run")
    except SetupError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Start again to go on where it was.")
