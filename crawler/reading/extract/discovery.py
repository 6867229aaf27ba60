"""Find the sections of a branch on its home page, where no file names them: links that look like lists."""

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from crawler.reading.addresses import is_article_address
from crawler.reading.extract.pagers import PAGE_KEYS
from crawler.reading.extract.refusals import is_home_address
from crawler.reading.extract.tree import Tree, text_of
from crawler.reading.extract.wording import HAN
from crawler.reading.page import Page
from crawler.reading.portal import Branch, Section

# The branch of chinanews with the most sections has 39.
MOST_SECTIONS = 60
# The forms that the known sections have: /citynews/, /szfc/index.shtml, /more/news/1.html, /list/yaowen.html.
_LIST_PATH = re.compile(r"/(?:[\w.-]{1,40}/){0,4}(?:[\w.-]{1,40}\.(?:s?html?|php|aspx?|jsp))?", re.ASCII)
# A number of five digits or a year belongs to one page, not to a list.
_NO_LIST = re.compile(r"\d{5}|/(?:19|20)\d\d(?:[/-]|\d\d)|_\d+\.")
_INDEX = re.compile(r"/(?:index|default)\.\w+$")
_SHORT_VALUE = re.compile(r"\w{1,12}", re.ASCII)
_NAME = re.compile(rf"[{HAN}A-Za-z0-9·、&|/+-]{{2,10}}")
_HAN = re.compile(rf"[{HAN}]")
_AROUND = " \t\u3000>＞»›[]【】|·…."
_MORE = "更多"
_NO_SECTION = re.compile(
    r"首\s?页|(?:关于|联系)我?们|联系方式|广告(?:服务|刊例|合作|联系)|^广告$|供稿|法律|声明|招聘|诚聘|人才招募|(?:网站|站点)(?:地图|导航|简介)|登录|注册|"
    r"投稿|留言|邮箱|信箱|客户端|(?:手机|电脑|触屏|无障碍|简体|繁体|英文)版?$|收藏|设为|订阅|举报|许可证|备案|友情链接|下载|条款|隐私|"
    r"版权|简介$|搜索|检索|返回|[上下]一[页篇条]|详细|全文|公众号|二维码"
)


def find_sections(page: Page, branch: Branch) -> tuple[Section, ...]:
    """Return the sections that a home page links to, in page order; empty for any other page of the branch.

    A section is a link to the branch's own hosts whose address has the form of a list and no article's, under two to
    ten characters, Chinese ones among them. 更多 names a list that no other link names.
    """
    if not is_home_address(page.url):
        return ()
    names: dict[str, str] = {}
    paths: dict[str, str] = {}
    for path, name in _list_links(page, branch):
        key = _key(path)
        paths.setdefault(key, path)
        if names.get(key, _MORE) == _MORE:
            names[key] = name
    return tuple(Section(path=path, name=names[key]) for key, path in paths.items())[:MOST_SECTIONS]


def is_same_list(one: str, other: str) -> bool:
    """Tell whether two paths (with queries) are one list, as /yw/ and /yw/index.shtml, or ?nid=3 and ?nid=3&p=1."""
    return _key(one) == _key(other)


def _list_links(page: Page, branch: Branch) -> Iterator[tuple[str, str]]:
    """Yield the path (with its query) and the name of each link that may be a section."""
    for link in Tree(page.html).root.iter("a"):
        name = _name(text_of(link))
        parts = _split(link.get("href"), page.url) if name else None
        if name is None or parts is None or (parts.hostname or "") not in branch.hosts:
            continue
        if _is_list(parts) and not is_article_address(parts.geturl(), branch) and not is_home_address(parts.geturl()):
            yield parts.path + (f"?{parts.query}" if parts.query else ""), name


def _name(text: str) -> str | None:
    """Return the name of a section for the text of its link, None for what is no section's."""
    name = re.sub(r"\s+", "", text.strip(_AROUND))
    if name in {_MORE, "MORE", "More", "more"}:
        return _MORE
    is_name = _NAME.fullmatch(name) and _HAN.search(name) and not _NO_SECTION.search(name)
    return name if is_name else None


def _is_list(parts: SplitResult) -> bool:
    query = parse_qsl(parts.query, keep_blank_values=True)
    later = any(key.lower() in PAGE_KEYS and value not in {"0", "1"} for key, value in query)
    short = len(query) <= 3 and all(_SHORT_VALUE.fullmatch(value) for _, value in query)
    return bool(_LIST_PATH.fullmatch(parts.path)) and not _NO_LIST.search(parts.path) and short and not later


def _split(href: str | None, base: str) -> SplitResult | None:
    href = (href or "").strip()
    if not href:
        return None
    try:
        parts = urlsplit(urljoin(base, href))
        ported = parts.port not in {None, 80, 443}
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and not ported else None


def _key(path: str) -> str:
    """Return what the addresses of one list share."""
    bare, _, query = path.partition("?")
    values = sorted(f"{key}={value}" for key, value in parse_qsl(query) if key.lower() not in PAGE_KEYS)
    return "?".join([_INDEX.sub("/", bare), *values])
