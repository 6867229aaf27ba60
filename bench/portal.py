"""A synthetic portal of any size: article pages of about 20 KB in gb2312, lists that link them, and a fast server.

Every page is made from its number alone, so nothing is stored and each run serves the same bytes.
"""

import asyncio
import re
import socket
import sys
from functools import cache
from itertools import product

ARTICLES_PER_LIST = 100
BRANCHES = 8
FIRST_ID = 200_000

_PLACES = ["江宁", "高淳", "宜兴", "昆山", "如皋", "赣榆", "盱眙", "东台", "高邮", "句容", "兴化", "沭阳"]
_ACTORS = ["当地农户", "社区志愿者", "港口调度员", "企业技术人员", "中学师生", "博物馆讲解员", "外贸从业者", "基层医生"]
_DEEDS = [
    "把新一季的稻种送到田头，边走边讲解育秧的要点",
    "在河道两岸补种芦苇，让越冬的候鸟有了落脚处",
    "调试完最后一台机床，准备向海外客户交付首批订单",
    "围坐在老茶馆里听评弹，唱词说的是运河边的旧事",
    "为沿街商户更换节能灯具，夜市比往年热闹了许多",
    "整理出一批民国时期的书信，计划在秋天向公众展出",
    "沿着乡间公路骑行，记录下沿途四十多座古桥的现状",
    "开通了直达邻省的货运班列，每周往返三趟",
    "用废旧纸箱搭起模型，演示潮汐发电的原理",
]
_REMARKS = [
    "负责人介绍，这项工作已经持续三年，参与的人一年比一年多。",
    "受访者表示，天气转凉之后，还要根据实际情况作些调整。",
    "统计显示，今年以来相关数字同比增长近一成，好于预期。",
    "附近居民说，变化就在家门口，看得见也摸得着。",
]

_PARAGRAPHS = [
    f"记者在{place}看到，{actor}{deed}。{_REMARKS[n]}{_REMARKS[n - 1]}".encode("gb2312")
    for place, actor, deed, n in product(_PLACES, _ACTORS, _DEEDS, range(len(_REMARKS)))
]

_PAGE = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312" />
<title>%TITLE%</title>
<meta name="keywords" content="江苏,新闻" />
<link href="/css/style.css" rel="stylesheet" type="text/css" />
<script type="text/javascript">%SCRIPT%</script>
</head>
<body>
<div id="top"><ul class="nav">%NAV%</ul></div>
<div id="main">%MAIN%<div id="right"><h3>相关新闻</h3><ul>%RELATED%</ul></div></div>
<div id="foot"><p>本网站所刊载信息，不代表本网观点。刊用本网站稿件，务经书面授权。</p>
<p>未经授权禁止转载、摘编、复制及建立镜像。</p></div>
</body>
</html>
"""
_ARTICLE = """<div id="cont"><h1>%HEADLINE%</h1>
<div class="line"><span id="time">%TIME%</span> <span id="come">来源：中新网江苏</span></div>
<div id="txt">%BODY%</div>
<div class="editor">编辑：周叙白</div></div>"""
_SCRIPT = "".join(
    f"function show{n}(id){{var box=document.getElementById('tab'+id);"
    f"if(box){{box.style.display=(id=={n})?'block':'none';}}}}\n"
    for n in range(40)
)
_NAV = "".join(
    f'<li><a href="/channel{n}/" target="_blank">{place}频道</a></li>\n' for n, place in enumerate(_PLACES * 4)
)
_RELATED = "".join(
    f'<li><a href="/special/{n}.html" title="{place}{deed[:18]}">{place}{deed[:18]}</a><span>[图]</span></li>\n'
    for n, (place, deed) in enumerate(product(_PLACES[:5], _DEEDS))
)
_REQUEST = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")
_HELD = re.compile(rb"\r\nIf-None-Match: *\"b\"\r\n", re.IGNORECASE)
_ARTICLE_PATH = re.compile(r"/news/\d{4}/\d{4}/(\d+)\.html")
_LIST_PATH = re.compile(r"/list/(\d+)-(\d+)/")


def list_paths(articles: int) -> list[str]:
    """Return the paths of the lists that link so many articles."""
    return [
        f"/list/{first}-{min(first + ARTICLES_PER_LIST, articles)}/" for first in range(0, articles, ARTICLES_PER_LIST)
    ]


def article_path(number: int) -> str:
    """Return the path of an article, in the form of the js branch."""
    return f"/news/2026/{number // 28 % 12 + 1:02d}{number % 28 + 1:02d}/{FIRST_ID + number}.html"


def portal_toml(articles: int) -> str:
    """Return the portal as Pressmark's TOML.

    The lists are spread over several branches, as a host is asked for one thing at a time.
    """
    lines = ['name = "bench"', 'title = "Synthetic portal"', "asset_hosts = []"]
    for branch in range(BRANCHES):
        sections = ", ".join(
            f'{{ path = "{path}", name = "栏目{number}" }}'
            for number, path in enumerate(list_paths(articles))
            if number % BRANCHES == branch
        )
        lines += [
            f"[branches.b{branch}]",
            f'name = "分社{branch}"',
            'scheme = "http"',
            f'hosts = ["www.b{branch}.bench.test"]',
            r"article_url = '''^/news/(?P<year>\d{4})/(?P<month>\d\d)(?P<day>\d\d)/(?P<id>\d+)\.html$'''",
            'layouts = ["js-2018"]',
            f"sections = [{sections}]",
        ]
    lines += ["[layouts.js-2018]", 'marker = "#cont > h1"', 'headline = "#cont > h1"', 'time = "#time"']
    return "\n".join([*lines, 'source = "#come"', 'body = "#txt"', 'listing = "#list > ul > li"', ""])


def article_page(number: int) -> bytes:
    """Return one article page, in gb2312."""
    count = len(_PARAGRAPHS)
    chosen = [_PARAGRAPHS[(number * 37 + place * 211) % count] for place in range(20)]
    place = _PLACES[number % len(_PLACES)].encode("gb2312")
    dateline = "中新网{}{}月{}日电 ".format("江苏新闻", number // 28 % 12 + 1, number % 28 + 1).encode("gb2312")
    paragraphs = b"".join(b"<p>\xa1\xa1\xa1\xa1%b</p>\r\n" % text for text in [dateline + chosen[0], *chosen[1:]])
    headline = place + "见闻之".encode("gb2312") + str(number).encode()
    time = f"2026-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d} {number % 24:02d}:{number % 60:02d}:00".encode()
    pieces = _article_pieces()
    return b"".join([pieces[0], headline, pieces[1], headline, pieces[2], time, pieces[3], paragraphs, pieces[4]])


def list_page(first: int, end: int) -> bytes:
    """Return the list of the articles `first` to `end`, without the end."""
    rows = "".join(
        f'<li><a href="{article_path(number)}">{_PLACES[number % len(_PLACES)]}见闻之{number}</a></li>\n'
        for number in range(first, end)
    )
    page = _frame(f'<div id="list"><ul>{rows}</ul></div>').replace("%TITLE%", "新闻列表")
    return page.encode("gb2312")


@cache
def _article_pieces() -> list[bytes]:
    page = _frame(_ARTICLE).encode("gb2312")
    return re.split(rb"%TITLE%|%HEADLINE%|%TIME%|%BODY%", page)


def _frame(main: str) -> str:
    page = _PAGE.replace("%SCRIPT%", _SCRIPT).replace("%NAV%", _NAV).replace("%RELATED%", _RELATED)
    return page.replace("%MAIN%", main).replace("\n", "\r\n")


def answer(path: str, *, is_held: bool = False) -> bytes:
    """Return the whole answer to GET of a path, on any host; `is_held` where the client has the page already.

    No page ever changes, so all have one ETag.
    """
    if is_held and path != "/robots.txt":
        return b'HTTP/1.1 304 Not Modified\r\nServer: nginx\r\nETag: "b"\r\n\r\n'
    if article := _ARTICLE_PATH.fullmatch(path):
        return _ok(article_page(int(article[1]) - FIRST_ID))
    if listed := _LIST_PATH.fullmatch(path):
        return _ok(list_page(int(listed[1]), int(listed[2])))
    if path == "/robots.txt":
        return _ok(b"User-agent: *\nAllow: /\n")
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _ok(body: bytes) -> bytes:
    head = b'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nETag: "b"\r\nContent-Length: %d\r\n\r\n'
    return head % len(body) + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection; the bench's clients send a whole head at once and no bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            request = _REQUEST.match(head + b"\r\n")
            assert isinstance(self._transport, asyncio.Transport)
            is_held = _HELD.search(head + b"\r\n") is not None
            self._transport.write(answer(request[1].decode() if request else "", is_held=is_held))


async def serve() -> None:
    """Serve on a free loopback port, printed as the first line, until standard input ends."""
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    server = await loop.create_server(_Connection, sock=listener)
    sys.stdout.write("{}:{}\n".format(*listener.getsockname()))
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
