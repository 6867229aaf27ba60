"""Tell the pages that are no article: the portal's error pages, its home pages, its lists."""

import re
from urllib.parse import urljoin, urlsplit

from crawler.reading.addresses import is_article_address
from crawler.reading.extract.tree import Element, Tree, text_of
from crawler.reading.portal import Branch

_NOT_FOUND = re.compile(
    r"404\s*(?:页面|错误|[Nn]ot\s?[Ff]ound|[Ee]rror|missing)|^\s*(?:HTTP\s?)?404\s*$|页面(?:没有|未)找到|找不到(?:该|此|这个)?(?:页面|网页|服务器)|页面不存在|网页不存在|出错啦|"
    r"无法找到(?:该|此)?(?:页|资源)|您(?:访问|查看|浏览)的(?:页面|网页|内容|文章)(?:不存在|已删除|已被删除|找不到)|文章不存在|"
    r"(?:Page|File) Not Found|^\s*(?:403 Forbidden|502 Bad Gateway|503 Service)",
    re.IGNORECASE,
)
_HOME = re.compile(r"^/?(?:(?:index|default|home)\.(?:s?html?|php|aspx?|jsp))?$", re.IGNORECASE)
_HOME_TITLE = re.compile(r"^(?:首页|(?:中国新闻网|中新网|中新社)[^-—–|_·,，\s]{0,8})(?:$|[-—–|_·,，\s])")
_REFRESH = re.compile(r"url\s*=\s*[\"']?(?P<target>[^\"'\s]+)", re.IGNORECASE)
_LOCATION = re.compile(
    r"location(?:\.href)?\s*(?:=\s*|\.(?:replace|assign)\(\s*)[\"'](?P<target>[^\"']+)[\"']", re.IGNORECASE
)
_LONGEST_HOME = len("/default.shtml")
_MISSING = "404missing"
_SHORT_PAGE = 400
_LINKS_OF_A_LIST = 5
# Why a page is no article.
MEANINGS = {
    "home_page": "the address is that of a home page, or the page leads or belongs to one",
    "soft_404": "the page says that there is none, though the server says 200",
    "listing": "the page is a list of links to articles",
    "empty_page": "there is nothing on the page",
    "no_text": "the page has no running text that could be an article's",
}


def find_refusal(tree: Tree, url: str) -> str | None:
    """Return why the page is no article as far as its address and its head tell: home_page, empty_page, soft_404."""
    if is_home_address(url):
        return "home_page"
    if not len(tree.root) and not (tree.root.text or "").strip():
        return "empty_page"
    if _MISSING in tree.html and _MISSING in _keywords(tree):
        return "soft_404"
    title = tree.title or ""
    if _NOT_FOUND.search(title):
        return "soft_404"
    return None


def is_home_address(url: str) -> bool:
    """Tell whether an address is that of a host's home page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if len(parts.path) > _LONGEST_HOME or parts.query or parts.scheme not in {"http", "https"}:
        return False
    return bool(_HOME.match(parts.path))


def is_error_text(tree: Tree) -> bool:
    """Tell whether a page without an article shows the words of an error page."""
    text = text_of(tree.root)
    return len(text) <= _SHORT_PAGE and bool(_NOT_FOUND.search(text))


def counts_as_list(element: Element, paragraphs: int, branch: Branch | None) -> bool:
    """Tell whether a block of text is a list with summaries: a link to an article for every two paragraphs, or more."""
    articles = _count_articles(element, branch)
    return articles >= _LINKS_OF_A_LIST and articles * 2 >= paragraphs


def leads_home(tree: Tree, url: str) -> str | None:
    """Return the home page to which a page without text sends its reader by a script or a meta tag, None if none."""
    refresh = next(
        (
            tag.get("content") or ""
            for tag in tree.root.iter("meta")
            if (tag.get("http-equiv") or "").lower() == "refresh"
        ),
        "",
    )
    for match in filter(None, (_REFRESH.search(refresh), _LOCATION.search(tree.scripts))):
        try:
            target = str(urljoin(url, match["target"].strip()))
        except ValueError:
            continue
        if is_home_address(target):
            return target
    return None


def is_home_title(tree: Tree) -> bool:
    """Tell whether the title names the portal and no article, as those of home pages do."""
    title = tree.title
    return title is None or bool(_HOME_TITLE.match(title))


def find_signs(tree: Tree, url: str, reason: str, branch: Branch | None) -> tuple[str, ...]:
    """Return what on a refused page shows the reason, for those who wonder."""
    signs = {"title": tree.title}
    if reason == "home_page":
        signs["leads to"] = leads_home(tree, url)
    elif reason == "soft_404":
        signs["keywords"] = _keywords(tree) or None
        found = _NOT_FOUND.search(text_of(tree.root)[:_SHORT_PAGE])
        signs["text"] = found[0].strip() if found else None
    elif reason == "listing":
        signs["links to articles"] = str(_count_articles(tree.root, branch))
    elif reason == "no_text":
        signs["characters of text"] = str(len(text_of(tree.root)))
    return tuple(f"{name}: {value}" for name, value in signs.items() if value)


def _count_articles(element: Element, branch: Branch | None) -> int:
    paths = {path for link in element.iter("a") if (path := _path(link.get("href"))) is not None}
    return sum(1 for path in paths if is_article_address(f"http://x{path}", branch))


def _keywords(tree: Tree) -> str:
    return next((tag.get("content") or "" for tag in tree.root.iter("meta") if tag.get("name") == "keywords"), "")


def _path(href: str | None) -> str | None:
    try:
        return urlsplit(href.strip()).path if href else None
    except ValueError:
        return None
