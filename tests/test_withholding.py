"""Articles on a takedown list: withheld from replay and packages, at every address."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.article import read_articles
from crawler.commands.replay import describe_addresses
from crawler.errors import CrawlerError
from crawler.lines import ArticleLine
from crawler.reading.portals import find_portal
from crawler.store.collection import Collection
from crawler.withholding import find_withheld, write_access_rules
from tests.conftest import SAMPLE_TOML, Crawled, Run
from tests.packages import Package
from tests.sample_article import ARTICLE

Pressmark = Callable[..., Run]
PICTURE = "http://i2.sample.test/1.jpg"


@pytest.fixture
def collection(crawled: Crawled, tmp_path: Path) -> Collection:
    """A copy of the crawled collection."""
    return Collection(Path(shutil.copytree(crawled.folder, tmp_path / "data" / "collections" / "sample")))


@pytest.fixture
def several(crawled: Crawled) -> ArticleLine:
    """An article of several pages."""
    return next(line for line in read_articles(crawled.folder) if len(line.pages) > 1)


def test_an_article_is_withheld_at_all_of_its_addresses(collection: Collection, several: ArticleLine) -> None:
    collection.takedowns.write_text(f"{several.pages[1].url}\n{PICTURE}\nsample:js:1\n")
    withheld = find_withheld(collection)
    assert withheld.ids == {several.id}
    assert withheld.addresses == {PICTURE, several.url, several.canonical_url, *(page.url for page in several.pages)}
    assert withheld.unknown == ("sample:js:1",)
    collection.takedowns.write_text(f"{several.id}  # by letter\n")
    assert find_withheld(collection).addresses == withheld.addresses - {PICTURE}


def test_an_article_is_withheld_by_an_address_of_another_scheme(collection: Collection, several: ArticleLine) -> None:
    names = [url.replace("http://", "https://") + "#top" for url in (ARTICLE, several.pages[1].url)]
    collection.takedowns.write_text("\n".join(names))
    assert find_withheld(collection).ids == {several.id, "sample:js:227437"}


def test_without_a_list_nothing_is_withheld_and_no_rules_are_left(collection: Collection) -> None:
    collection.takedowns.write_text(f"{ARTICLE}\n")
    write_access_rules(collection, find_withheld(collection))
    rules = collection.folder / "acl" / "takedowns.aclj"
    (rule,) = rules.read_text("utf-8").splitlines()
    assert rule.partition(" - ")[0] == "test,sample,js)/news/2025/0311/227437.html###"
    assert json.loads(rule.partition(" - ")[2]) == {"access": "block", "url": ARTICLE}
    collection.takedowns.unlink()
    write_access_rules(collection, find_withheld(collection))
    assert not rules.exists()


def test_rules_stand_in_the_backward_order_in_which_pywb_looks_them_up(
    collection: Collection, several: ArticleLine
) -> None:
    collection.takedowns.write_text(f"{several.id}\n{ARTICLE}\n{PICTURE}\n")
    write_access_rules(collection, find_withheld(collection))
    rules = (collection.folder / "acl" / "takedowns.aclj").read_text("utf-8").splitlines()
    assert rules == sorted(rules, reverse=True)
    assert len(rules) == 4


def test_rules_that_cannot_be_written_are_an_error(collection: Collection) -> None:
    collection.takedowns.write_text(f"{ARTICLE}\n")
    (collection.folder / "acl").write_text("a file")
    with pytest.raises(CrawlerError, match=r"takedowns\.aclj: cannot be written"):
        write_access_rules(collection, find_withheld(collection))


def test_a_list_without_a_state_cannot_be_followed(tmp_path: Path) -> None:
    (tmp_path / "takedowns.txt").write_text("sample:js:1\n")
    with pytest.raises(CrawlerError, match=r"without state\.sqlite"):
        find_withheld(Collection(tmp_path))


def test_replay_tells_of_what_is_withheld_and_names_no_such_page(collection: Collection) -> None:
    portal = find_portal(str(SAMPLE_TOML))
    named = list(describe_addresses(collection, portal, "http://127.0.0.1:1/sample"))
    newest = next(line for line in named if line.startswith("Article")).partition("/sample/")[2].partition("/")[2]
    collection.takedowns.write_text(f"{newest}\nsample:js:1\n")
    told = list(describe_addresses(collection, portal, "http://127.0.0.1:1/sample"))
    assert [line[:10] for line in told] == ["Serving   ", "Withheld  ", "Unknown   ", "Home page ", "Ctrl-C end"]
    assert told[1] == f"Withheld  1 article, 1 address, by {collection.takedowns}"


@pytest.mark.parametrize("words", [(), ("--branch", "js", "--branch", "national")])
def test_a_package_holds_nothing_of_a_withheld_article_and_all_of_the_others(
    collection: Collection, several: ArticleLine, pressmark: Pressmark, tmp_path: Path, words: tuple[str, ...]
) -> None:
    lines = list(read_articles(collection.folder))
    words = ("pack", "--portal", str(SAMPLE_TOML), *words)
    assert pressmark(*words, "--out", "all.wacz").returncode == 0
    collection.takedowns.write_text(f"{several.id}\n{ARTICLE}\n")
    before = {path: path.read_bytes() for path in collection.archive.iterdir()}
    done = pressmark(*words, "--out", "some.wacz")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Withheld  2 articles, 3 addresses, by " in done.stdout
    everything, some = Package(tmp_path / "all.wacz"), Package(tmp_path / "some.wacz")
    gone = {ARTICLE, several.url, *(page.url for page in several.pages)}
    assert some.faults() == []
    assert addresses(everything) - addresses(some) == gone
    assert {page["url"] for page in everything.pages()[1:]} - {page["url"] for page in some.pages()[1:]} == {
        ARTICLE,
        several.url,
    }
    records = b"".join(some.records())
    withheld = [line for line in lines if line.id == several.id or line.url == ARTICLE]
    assert not [line.id for line in withheld if f'"id":"{line.id}"'.encode() in records]
    assert not [mark for line in withheld if (mark := line.pressmark) and mark.record_id.encode() + b">\r\n" in records]
    assert {path: path.read_bytes() for path in collection.archive.iterdir()} == before


def addresses(package: Package) -> set[str]:
    return {json.loads(line.split(" ", 2)[2])["url"] for line in package.index()}


def test_a_package_for_oneself_holds_the_withheld_articles_too(
    collection: Collection, pressmark: Pressmark, tmp_path: Path
) -> None:
    collection.takedowns.write_text(f"{ARTICLE}\n")
    words = ("pack", "--portal", str(SAMPLE_TOML), "--json")
    part = json.loads(pressmark(*words, "--out", "part.wacz").stdout)
    whole = json.loads(pressmark(*words, "--out", "whole.wacz", "--with-withheld").stdout)
    assert (part["withheld"], whole["withheld"]) == (["sample:js:227437"], [])
    assert ARTICLE in addresses(Package(tmp_path / "whole.wacz")) - addresses(Package(tmp_path / "part.wacz"))
    collection.takedowns.write_text("230110\n")
    refused = pressmark(*words, "--out", "other.wacz")
    assert (refused.returncode, refused.stderr.count("\n"), "takedowns.txt:1: 230110" in refused.stderr) == (1, 1, True)
