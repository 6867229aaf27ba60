"""Recognise text that a mirror has spoilt. It is told, never repaired: the line keeps what the page says.

Some mirrors convert a page to traditional characters, put pinyin in brackets behind them (業(yè), 網(wǎng)), fold
，：；！？ to ASCII, and lose bytes of the GBK text on the way. Healthy pages do some of this, too: they explain a rare
character by its pinyin (甪(lù)直), give a name in Latin letters (合肥(Hefei)), are written in traditional script, or
were typed with ASCII punctuation. So pinyin counts only where it is a habit of the whole text and stands behind common
traditional characters, and script and punctuation count only beside such pinyin or slipped bytes.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from crawler.reading.article import Block, Damage, DamageKind, Image
from crawler.reading.extract.shifts import find_slips
from crawler.reading.extract.wording import HAN

# A syllable with its tone mark; names in Latin letters have capitals or no tone.
GLOSS = re.compile(
    rf"(?P<character>[{HAN}])[(（](?=[^()（）]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ])"
    r"[a-zāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜńňǹḿ]{1,6}[)）]"
)
_TONE = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ]")
# Punctuation that folding makes ASCII. Brackets are left out: the portal itself types them in ASCII.
_SIDE = rf"[{HAN}“”‘’《》「」、。]"
FOLDED = re.compile(rf"(?<={_SIDE})[,:;!?](?={_SIDE}|$)")
_UNFOLDED = re.compile("[，：；！？]")
_LEAST_GLOSSES = 3
_MANY_GLOSSED = 6
_SHARE_OF_TRADITIONAL = 0.8
_LEAST_FOLDED = 3


def find_damage(headline: str | None, blocks: Sequence[Block], images: Sequence[Image]) -> tuple[Damage, ...]:
    """Return the spoilt stretches of an article, in reading order, empty for healthy text.

    Pinyin and folded punctuation have one entry for each block, with the first stretch there; slipped bytes one for
    each stretch; converted script one for the article. In an image block it is the caption that is spoilt.
    """
    texts = list(_texts(headline, blocks, images))
    # A headline repeats what the text says.
    is_glossed = _is_glossed("\n".join(text for place, text in texts if place is not None))
    slips = [
        Damage(kind="shifted_bytes", block=place, text=text[slip.start : slip.end])
        for place, text in texts
        for slip in find_slips(text)
    ]
    if not is_glossed and not slips:
        return ()
    whole = "\n".join(text for _, text in texts)
    firsts: list[tuple[DamageKind, re.Pattern[str]]] = []
    if is_glossed:
        firsts.append(("pinyin", GLOSS))
    if len(FOLDED.findall(whole)) >= _LEAST_FOLDED and not _UNFOLDED.search(whole):
        firsts.append(("folded_punctuation", FOLDED))
    found = [
        Damage(kind=kind, block=place, text=_with_neighbours(text, match))
        for kind, pattern in firsts
        for place, text in texts
        if (match := pattern.search(text))
    ]
    if is_glossed:
        found += [
            Damage(kind="converted_script", block=place, text=character)
            for place, text in texts
            if (character := next(filter(is_traditional, text), None)) is not None
        ][:1]
    order = {place: number for number, (place, _) in enumerate(texts)}
    return tuple(sorted([*found, *slips], key=lambda damage: order[damage.block]))


@lru_cache(maxsize=8192)
def is_traditional(character: str) -> bool:
    """Tell whether a character is a common one that only traditional script has: Big5's common half, not GB 2312."""
    body = character.encode("big5", "ignore")
    return len(body) == 2 and 0xA4 <= body[0] <= 0xC6 and not character.encode("gb2312", "ignore")


def _texts(headline: str | None, blocks: Sequence[Block], images: Sequence[Image]) -> Iterator[tuple[int | None, str]]:
    if headline:
        yield None, headline
    for place, block in enumerate(blocks):
        text = block.text if block.image is None else images[block.image].caption
        if text:
            yield place, text


def _is_glossed(text: str) -> bool:
    """Tell whether pinyin behind traditional characters is a habit of the text, not an explanation."""
    if not _TONE.search(text):
        return False  # as nearly all texts; found out in no time
    glossed = [match["character"] for match in GLOSS.finditer(text)]
    traditional = Counter(filter(is_traditional, glossed))
    if traditional.total() < max(_LEAST_GLOSSES, _SHARE_OF_TRADITIONAL * len(glossed)):
        return False
    # Nobody explains the same character twice.
    return len(traditional) < traditional.total() or len(traditional) >= _MANY_GLOSSED


def _with_neighbours(text: str, match: re.Match[str]) -> str:
    return match[0] if "character" in match.groupdict() else text[max(0, match.start() - 1) : match.end() + 1]
