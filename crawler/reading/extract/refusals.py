"""Tell the pages that are no article: the portal's error pages, its home pages, its lists."""

import re
from urllib.parse import urlsplit

from crawler.reading.addresses import is_article_address
from crawler.reading.extract.headlines import title_of
from crawler.reading.extract.tree import Element, Tree, text_of
from crawler.reading.portal import Branch

_NOT_FOUND = re.compile(
    r"404\s*(?:页面|错误|[Nn]ot\s?[Ff]ound|[Ee]rror|missing)|^\s*(?:HTTP\s?)?404\s*$|页面(?:没有|未)找到|找不到(?:该|此|这个)?(?:页面|网页|服务器)|页面不存在|网页不存在|出错啦|"
    r"无法找到(?:该|此)?(?:页|资源)|您(?:访问|查看|浏览)的(?:页面|网页|内容|文章)(?:不存在|已删除|已被删除|找不到)|文章不存在|"
    r"(?:Page|File) Not Found|^\s*(?:403 Forbidden|502 Bad Gateway|503 Service)",
    re.IGNORECASE,
)
_HOME = re.compile(r"^/?(?:(?:index|default|home)\.(?:s?html?|php|aspx?|jsp))?$", re.IGNORECASE)
_SHORT_PAGE = 400
_LINKS_OF_A_LIST = 5


def find_refusal(tree: Tree, url: str) -> str | None:
    """Return why the page is no article as far as its address and its head tell: home_page, empty_page, soft_404."""
    if is_home_address(url):
        return "home_page"
    if not len(tree.root) and not (tree.root.text or "").strip():
        return "empty_page"
    if "404missing" in _keywords(tree):
        return "soft_404"
    title = title_of(tree) or ""
    if _NOT_FOUND.search(title):
        return "soft_404"
    return None


def is_home_address(url: str) -> bool:
    """Tell whether an address is that of a host's home page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and not parts.query and bool(_HOME.match(parts.path))


def is_error_text(tree: Tree) -> bool:
    """Tell whether a page without an article shows the words of an error page."""
    text = text_of(tree.root)
    return len(text) <= _SHORT_PAGE and bool(_NOT_FOUND.search(text))


def counts_as_list(element: Element, paragraphs: int, branch: Branch | None) -> bool:
    """Tell whether a block of text is a list with summaries: a link to an article for every two paragraphs, or more."""
    paths = {path for link in element.iter("a") if (path := _path(link.get("href"))) is not None}
    articles = sum(1 for path in paths if is_article_address(f"http://x{path}", branch))
    return articles >= _LINKS_OF_A_LIST and articles * 2 >= paragraphs


def _keywords(tree: Tree) -> str:
    return next((tag.get("content") or "" for tag in tree.root.iter("meta") if tag.get("name") == "keywords"), "")


def _path(href: str | None) -> str | None:
    try:
        return urlsplit(href.strip()).path if href else None
    except ValueError:
        return None
