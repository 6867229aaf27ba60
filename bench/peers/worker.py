"""Read pages with one of the other libraries, in an environment of its own; knows nothing of Pressmark.

Run as `python worker.py LIBRARY SECONDS`: pages come as JSON lines {"url", "html"} on standard input; for each one
comes a JSON line of what was read, then a last one {"pages_per_second": ..., "errors": [...]}: pages per CPU second,
and the exceptions that the library raised, whose pages count as not read.
"""

import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

Reader = Callable[[str, str], Mapping[str, Any]]


def trafilatura() -> Reader:
    from trafilatura import bare_extraction  # noqa: PLC0415 - one library a process

    def read(html: str, url: str) -> Mapping[str, Any]:
        found = bare_extraction(html, url=url, with_metadata=True)
        if found is None:
            return {}
        return {
            "headline": found.title,
            "published": found.date,
            "source": found.sitename,
            "author": found.author,
            "body": found.text,
        }

    return read


def newspaper4k() -> Reader:
    import newspaper  # noqa: PLC0415

    config = newspaper.Config()
    config.fetch_images = False
    config.language = "zh"

    def read(html: str, url: str) -> Mapping[str, Any]:
        article = newspaper.Article(url, config=config)
        article.download(input_html=html)
        article.parse()
        return {
            "headline": article.title,
            "published": article.publish_date,
            "source": None,
            "author": "、".join(article.authors),
            "body": article.text,
        }

    return read


def gne() -> Reader:
    from gne import GeneralNewsExtractor  # noqa: PLC0415

    def read(html: str, url: str) -> Mapping[str, Any]:
        found = GeneralNewsExtractor().extract(html, host=url)
        return {
            "headline": found["title"],
            "published": found["publish_time"],
            "source": None,
            "author": found["author"],
            "body": found["content"],
        }

    return read


def news_please() -> Reader:
    from newsplease import NewsPlease  # noqa: PLC0415

    def read(html: str, url: str) -> Mapping[str, Any]:
        found = NewsPlease.from_html(html, url=url)
        if isinstance(found, dict):
            return {}
        return {
            "headline": found.title,
            "published": found.date_publish,
            "source": None,
            "author": "、".join(found.authors or ()),
            "body": found.maintext,
        }

    return read


LIBRARIES: Mapping[str, Callable[[], Reader]] = {
    "trafilatura": trafilatura,
    "newspaper4k": newspaper4k,
    "GNE": gne,
    "news-please": news_please,
}


def main(library: str, seconds: float) -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    pages = [json.loads(line) for line in sys.stdin]
    out, sys.stdout = sys.stdout, io.StringIO()
    read = LIBRARIES[library]()
    errors: list[str] = []
    for page in pages:
        print(json.dumps(_read(read, page, errors), ensure_ascii=False, default=str), file=out, flush=True)
    done, start = 0, process_time()
    while (spent := process_time() - start) < seconds:
        _read(read, pages[done % len(pages)], [])
        done += 1
    print(json.dumps({"pages_per_second": done / spent, "errors": errors}), file=out)


def _read(read: Reader, page: Mapping[str, str], errors: list[str]) -> Mapping[str, Any]:
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            return read(page["html"], page["url"])
        except Exception as error:  # noqa: BLE001 - whatever a library raises, it has read nothing
            errors.append(f"{type(error).__name__}: {error}")
            return {}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
