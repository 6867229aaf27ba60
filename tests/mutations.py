"""Pages spoilt in the ways in which pages are spoilt: bytes changed, tags lost and doubled, labels that lie.

What is put in where no reader sees it bears `UNSEEN`, so that a test can tell whether it came out.
"""

import re
from collections.abc import Callable
from random import Random

UNSEEN = "龘"
TAG = re.compile(rb"<[^<>]{1,200}>")
ATTRIBUTE = re.compile(rb"""\s[\w-]+\s*=\s*("[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)""")
LABEL = re.compile(rb"""charset\s*=\s*["']?[\w-]+""", re.IGNORECASE)
LABELS = (b"utf-8", b"gb2312", b"gbk", b"gb18030", b"big5", b"iso-8859-1", b"utf-16", b"shift_jis", b"x-none", b"")
HIDDEN = (
    f'<script>var picsJson = "{UNSEEN}<p>";</script>',
    f"<style>p::after {{ content: '{UNSEEN}' }}</style>",
    f"<!-- {UNSEEN} -->",
    f'<a href="javascript:{UNSEEN}" data-x="{UNSEEN}">',
    f'<script type="text/template"><div>{UNSEEN}</div></script>',
    f"<noscript><p>{UNSEEN}</p></noscript>",
    f"<textarea>{UNSEEN}</textarea>",
)
ENTITIES = (
    b"&lt;",
    b"&#x3c;b&#62;",
    b"&nbsp;",
    b"&#0;",
    b"&#xFFFF;",
    b"&#55296;",
    b"&#150;",
    b"&bogus;",
    b"&#99999999;",
)

Mutation = Callable[[Random, bytes], bytes]


def mutate(random: Random, body: bytes) -> bytes:
    """Return the page after one to six mutations."""
    for _ in range(random.randint(1, 6)):
        body = random.choice(MUTATIONS)(random, body)
    return body


def flip(random: Random, body: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(body)
    for _ in range(random.randint(1, 20) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(random: Random, body: bytes) -> bytes:
    """Leave out the end, the beginning, or a stretch."""
    start, end = sorted((random.randint(0, len(body)), random.randint(0, len(body))))
    return random.choice((body[:end], body[start:], body[:start] + body[end:]))


def change_tag(random: Random, body: bytes) -> bytes:
    """Take a tag away, double it, nest it, or put it elsewhere."""
    tags = [match.span() for match in TAG.finditer(body)]
    if not tags:
        return body
    start, end = random.choice(tags)
    tag = body[start:end]
    elsewhere = random.choice(tags)[0]
    return random.choice(
        (
            body[:start] + body[end:],
            body[:start] + tag + body[start:],
            body[:start] + tag * random.choice((2, 30, 300, 3000)) + body[start:],
            body[:elsewhere] + tag + body[elsewhere:],
        )
    )


def swap_attributes(random: Random, body: bytes) -> bytes:
    """Let two attributes change places."""
    found = [match.span() for match in ATTRIBUTE.finditer(body)]
    if len(found) < 2:
        return body
    (a, b), (c, d) = sorted(random.sample(found, 2))
    return body[:a] + body[c:d] + body[b:c] + body[a:b] + body[d:]


def change_label(random: Random, body: bytes) -> bytes:
    """Declare another charset."""
    return LABEL.sub(b"charset=" + random.choice(LABELS), body)


def hide(random: Random, body: bytes) -> bytes:
    """Put something in that no reader sees: before a tag, so that it stands in no other tag."""
    places = [match.start() for match in TAG.finditer(body)] or [0]
    place = random.choice(places)
    charset = "gb18030" if b"charset=gb" in body[:2000].lower() else "utf-8"
    return body[:place] + random.choice(HIDDEN).encode(charset) + body[place:]


def refer(random: Random, body: bytes) -> bytes:
    """Put a character reference in."""
    place = random.randint(0, len(body))
    return body[:place] + random.choice(ENTITIES) + body[place:]


MUTATIONS: tuple[Mutation, ...] = (flip, cut, change_tag, swap_attributes, change_label, hide, refer)
