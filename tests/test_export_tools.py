"""Other tools accept a data set: frictionless, mlcroissant, Hugging Face datasets; each has its own environment."""

import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SAMPLE_TOML, Crawled, Run

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

TOOLS = {
    "frictionless": ("frictionless[json]>=5.18",),
    "mlcroissant": ("mlcroissant>=1.1", "pyarrow"),
    "datasets": ("datasets>=4", "zstandard"),
}
PARTS = {
    "full": (),
    "versions": ("--versions", "--with-images"),
    "text": ("--text-only",),
    "bare": ("--no-text",),
    "lines": ("--format", "jsonl"),
    "zstd": ("--format", "jsonl", "--compression", "zstd"),
    "columns": ("--format", "parquet"),
}
RECORDS = """
import sys, mlcroissant
records = list(mlcroissant.Dataset(sys.argv[1]).records("articles"))
headlines = {record["articles/headline"].decode() for record in records}
print(len(records), "无锡：一座城市的“神经末梢”是怎样长成的" in headlines)
"""
LOAD = """
import sys, datasets
datasets.disable_progress_bars()
articles = datasets.load_dataset(sys.argv[1], "articles", split="train", cache_dir=sys.argv[2])
default = datasets.load_dataset(sys.argv[1], split="train", cache_dir=sys.argv[2])
changes = datasets.load_dataset(sys.argv[1], "changes", split="train", cache_dir=sys.argv[2])
print(articles.num_rows, default.num_rows, changes.num_rows, str(articles[0]["published_at"])[:10])
"""


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tool's programs, set up when it is first asked for."""
    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            venv.create(folder, with_pip=True)
            words = [str(folder / "bin" / "pip"), "install", "--quiet", *TOOLS[name]]
            if subprocess.run(words, check=False, capture_output=True, timeout=600).returncode:
                pytest.skip(f"{name} cannot be installed here")
            made[name] = folder / "bin"
        return made[name]

    return find


@pytest.fixture
def made(request: pytest.FixtureRequest, crawled: Crawled, pressmark: Callable[..., Run], tmp_path: Path) -> Path:
    """A data set of the sample portal with the options of a name in PARTS."""
    words = ("--data", str(crawled.folder.parent.parent), "--portal", str(SAMPLE_TOML), *PARTS[request.param])
    done = pressmark("export", "out", *words)
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def run(*words: str | Path) -> Run:
    return subprocess.run(list(map(str, words)), check=False, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("made", ["full", "versions", "text", "bare", "columns"], indirect=True)
def test_frictionless_finds_the_package_valid(made: Path, tool: Callable[[str], Path]) -> None:
    done = run(tool("frictionless") / "frictionless", "validate", made / "datapackage.json")
    assert (done.returncode, "INVALID" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("made", list(PARTS), indirect=True)
def test_mlcroissant_finds_the_description_valid(made: Path, tool: Callable[[str], Path]) -> None:
    done = run(tool("mlcroissant") / "mlcroissant", "validate", "--jsonld", made / "croissant.json")
    assert (done.returncode, "WARNING" in done.stderr, "Done." in done.stderr) == (0, False, True), done.stderr


@pytest.mark.parametrize("made", ["full", "text", "lines"], indirect=True)
def test_mlcroissant_reads_the_records(made: Path, tool: Callable[[str], Path]) -> None:
    done = run(tool("mlcroissant") / "python", "-c", RECORDS, made / "croissant.json")
    assert done.stdout.split() == ["69", "True"], done.stderr


@pytest.mark.parametrize("made", ["full", "text", "bare", "lines", "zstd", "columns"], indirect=True)
def test_datasets_loads_the_folder(made: Path, tool: Callable[[str], Path], tmp_path: Path) -> None:
    done = run(tool("datasets") / "python", "-c", LOAD, made, tmp_path / "cache")
    assert done.stdout.split() == ["69", "69", "69", "2012-05-15"], done.stderr
