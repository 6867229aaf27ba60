"""The examples in docs/researchers.md run as they stand, and print what stands below them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Crawled, run_pressmark

FOLDER = Path(__file__).parents[1]
PAGE = (FOLDER / "docs" / "researchers.md").read_text("utf-8")
EXPORT = re.compile(r"^\$ pressmark (export .*)$", re.MULTILINE)
BLOCK = re.compile(r"```(?P<kind>python|text)\n(?P<text>.*?)```", re.DOTALL)
# Examples that need packages of which one alone is larger than Pressmark with all that it needs.
HEAVY = {"datasets": ("from datasets import",), "pyspark": ("from pyspark.sql import",)}
MARK = "---- the next example ----"


@dataclass(frozen=True)
class Example:
    """A block of Python, and what it is to print."""

    code: str
    printed: str | None

    def needs(self, package: str) -> bool:
        return any(word in self.code for word in HEAVY[package])


def examples() -> list[Example]:
    blocks = [(found["kind"], found["text"]) for found in BLOCK.finditer(PAGE)]
    following = [*blocks[1:], ("", "")]
    return [
        Example(text, after[1] if after[0] == "text" else None)
        for (kind, text), after in zip(blocks, following, strict=True)
        if kind == "python"
    ]


def run(python: Path | str, chosen: list[Example], cwd: Path, **env: str) -> list[str]:
    """Run examples in their order as one program, and return what each has printed."""
    program = f"\nprint({MARK!r})\n".join(example.code for example in chosen)
    words = [str(python), "-W", "error", "-c", program]
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{MARK}\n")


@pytest.fixture
def folder(crawled: Crawled, tmp_path: Path) -> Path:
    """A checkout as `make crawl` leaves it, with the data set that the page makes."""
    shutil.copytree(crawled.folder, tmp_path / "data" / "collections" / "sample")
    (tmp_path / "tests").symlink_to(FOLDER / "tests")
    (command,) = EXPORT.findall(PAGE)
    done = run_pressmark(*shlex.split(command), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_the_page_has_an_example_for_each_tool() -> None:
    code = "\n".join(example.code for example in examples())
    for word in (
        "read_articles",
        "import json",
        "import pandas",
        "import polars",
        "import duckdb",
        "datasets",
        "pyspark",
    ):
        assert word in code
    assert all(example.printed for example in examples())


def test_the_light_examples_print_what_stands_below_them(folder: Path) -> None:
    light = [one for one in examples() if not any(one.needs(package) for package in HEAVY)]
    assert run(sys.executable, light, folder, PYTHONPATH=str(FOLDER)) == [one.printed for one in light]


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("package", HEAVY)
def test_an_example_runs_in_an_environment_of_its_own(folder: Path, tmp_path: Path, package: str) -> None:
    if package == "pyspark" and not shutil.which("java"):
        pytest.skip("PySpark needs Java, and there is none here")
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, timeout=900, capture_output=True)
    chosen = [one for one in examples() if one.needs(package)]
    words = [str(python), "-c", "\n".join(one.code for one in chosen)]
    # Nothing is asked of the network: no hub, and Spark on loopback.
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub"), "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(one.printed or "" for one in chosen)
