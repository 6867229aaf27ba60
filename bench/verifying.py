"""Measure checking: CPU time of `archive.verify` against `fastwarc check` on the same file, as a ratio.

Run as `python -m bench.verifying [FILE]`; without a file one of 2,000 exchanges of 20 KB HTML is made. Our check looks
at headers, references and truncation besides digests.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.warc_writing import capture, html, write_ours

ROUNDS = 5
FASTWARC = str(Path(sys.executable).with_name("fastwarc"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else make_file(Path(folder))
        sides = {
            "fastwarc check": [FASTWARC, "check", "--quiet", str(path)],
            "fastwarc check -p": [FASTWARC, "check", "--quiet", "-p", str(path)],
            "archive verify": [sys.executable, "-m", "archive", "verify", str(path)],
        }
        seconds = {name: min(cpu_seconds(words) for _ in range(ROUNDS)) for name, words in sides.items()}
    print(f"{path.name}, best of {ROUNDS} rounds, CPU time with the start of the program")
    for name, spent in seconds.items():
        print(f"{name}: {spent:.2f} s; verify takes {seconds['archive verify'] / spent:.2f} times as long")


def make_file(folder: Path) -> Path:
    write_ours(folder, [capture("text/html", html(), number) for number in range(2000)])
    return next(folder.glob("bench-*.warc.gz"))


def cpu_seconds(words: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(words, **quiet, cwd=Path(__file__).parent.parent, check=False)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
