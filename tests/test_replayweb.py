"""A package of `pressmark pack` in replayweb.page, which is under the AGPL and so fetched for this test alone."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.conftest import SAMPLE_TOML, Crawled, run_pressmark
from tests.range_server import RangeServer
from tests.sample_article import ARTICLE, AS_IT_WAS, look_at_article

REPLAYWEB = "replaywebpage@2.5.3"
PAGE = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>Replay</title><script src="/ui.js"></script></head>
<body style="margin:0;height:880px"><replay-web-page source="/sample.wacz" url="{ARTICLE}" replayBase="/replay/"
 embed="replayonly" style="height:880px"></replay-web-page></body></html>
"""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_package_shows_headline_picture_and_style_in_replayweb_page_and_asks_no_other_host(
    crawled: Crawled, tmp_path: Path
) -> None:
    data = crawled.folder.parents[1]
    package = tmp_path / "sample.wacz"
    packed = run_pressmark(
        "pack", "--portal", str(SAMPLE_TOML), "--data", str(data), "--out", str(package), cwd=tmp_path
    )
    assert packed.returncode == 0, packed.stderr
    player = _fetch_replayweb(tmp_path)
    page = tmp_path / "index.html"
    page.write_text(PAGE, "utf-8")
    files = {"/": page, "/ui.js": player / "ui.js", "/replay/sw.js": player / "sw.js", "/sample.wacz": package}
    with RangeServer(files) as server, Browser(tmp_path) as browser:
        shown = look_at_article(browser, f"{server.root}/", tmp_path / "replayweb.png")
    assert shown == AS_IT_WAS
    assert browser.asked_hosts() == {"127.0.0.1"}


def _fetch_replayweb(folder: Path) -> Path:
    words = ["npm", "pack", "--silent", REPLAYWEB]
    name = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=True).stdout.strip()
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder / "player", filter="data")
    return folder / "player" / "package"
