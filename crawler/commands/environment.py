"""The virtual environment that pywb runs in: made on first use, made anew where a version has changed."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from crawler.errors import CrawlerError, UsageError

PACKAGES = Path(__file__).with_name("replay-constraints.txt")

# Tells an environment of ours from any other folder, and what has been installed in it.
_MARK = "pressmark-replay.txt"
_UNFINISHED = "unfinished\n"


def ready_environment(folder: Path, tell: Callable[[str], None]) -> Path:
    """Return the Python of the environment, which is made if it is not there; `tell` is told so before.

    A virtual environment that somebody else has put there is used if it has pywb, and never changed. Raises UsageError
    for any other folder, CrawlerError where pywb cannot be installed.
    """
    folder = folder.expanduser().absolute()
    python = folder / "bin" / "python"
    if _is_foreign(folder):
        if not _has_pywb(python):
            raise UsageError(
                f"--environment {folder}: holds other things and no pywb; name an empty folder, or a virtual"
                " environment that has pywb"
            )
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        # Two commands at once: the second waits for the environment that the first makes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _installed(folder) != _wanted():
            tell(f"Setting up pywb in {folder} (once; it takes a minute)")
            _make(folder, python)
    return python


def _is_foreign(folder: Path) -> bool:
    return folder.exists() and not (folder.is_dir() and ((folder / _MARK).exists() or not any(folder.iterdir())))


def _has_pywb(python: Path) -> bool:
    try:
        done = subprocess.run([python, "-I", "-c", "import pywb"], capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def _installed(folder: Path) -> str | None:
    mark = folder / _MARK
    return mark.read_text("utf-8") if mark.exists() else None


def _wanted() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return f"Python {version}\npackages {hashlib.sha256(PACKAGES.read_bytes()).hexdigest()}\n"


def _make(folder: Path, python: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / _MARK).write_text(_UNFINISHED, "utf-8")
    _run([sys.executable, "-m", "venv", str(folder)], folder, "install Python's module venv")
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    remedy = "check the network and pip's package index, or name with --environment one that has pywb"
    _run([*pip, "--retries", "2", "--requirement", str(PACKAGES)], folder, remedy)
    (folder / _MARK).write_text(_wanted(), "utf-8")


def _run(words: list[str], folder: Path, remedy: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = next((line for line in said if line.upper().startswith("ERROR")), said[-1] if said else "no reason given")
        raise CrawlerError(f"{folder}: pywb cannot be installed ({why}); {remedy}")
