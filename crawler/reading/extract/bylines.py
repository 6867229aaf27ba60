"""Read who wrote and photographed an article: (记者 赵晔娇 实习生 梅芳燕), 作者：周健, 文/图 王远."""

import itertools
import re
from typing import cast, get_args

from crawler.reading.article import Contributor, Role
from crawler.reading.extract.names import (
    has_rare_surname,
    has_surname,
    is_labelled_name,
    is_name,
    is_titled,
    name_after_title,
    name_before_title,
    split_names,
)
from crawler.reading.extract.wording import HAN

_ROLES: frozenset[str] = frozenset(get_args(Role))
_END = r"(?=[\s\u3000:：/／|｜、，,;；]|$)"
# Words for a role. Those of one character count only where they stand apart, since 文 is a surname, too.
# At most places the characters that labels begin with end the search at once.
_LABEL = re.compile(
    rf"""(?=[文图摄攝见實实供首特记記通视制编本作撰采执责值編校审监策主翻])
    (?:(?P<text_and_photo>(?<![{HAN}])(?:文\s?[/／、和&]\s?(?:图片?|摄影?)|图\s?[/／、和&]\s?文|(?:文图|图文){_END})(?:报道)?|摄影报道)
    |(?P<trainee_reporter>(?:见习|實習|实习)(?:记者|記者))
    |(?P<photographer>摄影记者|(?<![{HAN}])(?:摄影|摄像|摄|攝|图片|图|供图){_END}|(?<=[{HAN}]{{2}})[摄攝]影?{_END})
    |(?P<reporter>(?:首席|特派|特约)?(?:记者|記者))
    |(?P<correspondent>(?:特约)?(?:通讯员|通訊員))
    |(?P<intern>实习生|實習生)
    |(?P<producer>(?:视频)?制作人?{_END}|编导|制片人?{_END})
    |(?P<author>(?:本文)?作者(?!单位|简介)|撰文|采写|撰稿人?|供稿|执笔|(?<![{HAN}])文字?{_END})
    |(?P<nobody>(?:责任|执行|值班)?(?:编辑|編輯)|责编|校对|审核|审校|监制|策划|主编|编译|翻译))
    """,
    re.VERBOSE,
)
_AFTER_LABEL = " \t\u3000:：/／|｜、，,"
_SUFFIXES = {"text_and_photo", "photographer"}
_POSTS = {"reporter", "trainee_reporter", "intern", "correspondent"}
_INNER_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_LAST_BRACKETS = re.compile(r"[(（](?P<inside>[^()（）]{2,80})[)）][。]?$")
_BRACKET_ENDS = (")", "）", ")。", "）。")
# 通讯员王远报道: the word ends the brackets. 综合报道 and 摄影报道 are read elsewhere.
_REPORTS = re.compile(rf"(?<=[{HAN}]{{2}})(?<!综合)(?<!摄影)报[道导]$")
# 王远 李晨 报道: the word stands apart at the end of the line.
_REPORTED = re.compile(r"[\s\u3000]+报[道导]$")
# 图/省考古研究院提供: the giver of a picture is no name.
_GIVEN = ("提供", "供图")
# 文/江海报记者 王远
_OUTLETS = ("报", "网", "社", "电视台")
_SENTENCE = re.compile(r"[。！？!?“”《》]")
_WHOLE_BRACKETS = re.compile(r"^[(（\[【](?P<inside>.*)[)）\]】]$")
_OPENING = re.compile(rf"[{HAN}]{{0,8}}?(?:{_LABEL.pattern})", re.VERBOSE)
_CORRESPONDENT = re.compile(rf"[{HAN}]{{0,6}}?通[讯訊][员員](?=[\s\u3000:：/／|])")
_BARS = str.maketrans("丨｜", "||")
_LONGEST_LINE = 90
# What sets a byline off from the text.
_EDGES = "—- □■○●◎◇◆▌"
# From this length on a word that ends with a title is a description (退休教师), no name.
_LEAST_TITLED = 4


def read_brackets(inside: str) -> tuple[Contributor, ...]:
    """Return the names in the brackets after a dateline; bare names are authors. Empty for anything but names."""
    if _SENTENCE.search(inside):
        return ()
    if _LABEL.search(inside):
        return _read_labelled(_REPORTS.sub("", inside))
    names = split_names(inside)
    if not all(is_name(name) for name in names) or not (len(names) > 1 or any(map(has_surname, names))):
        return ()
    return tuple(Contributor(name=name, role="author") for name in names)


def read_byline_line(paragraph: str) -> tuple[Contributor, ...]:
    """Return the names of a paragraph that is nothing but a byline, e.g. (作者：…) or 文/王远; empty for any other."""
    if len(paragraph) > _LONGEST_LINE:
        return ()
    line = _WHOLE_BRACKETS.sub(r"\g<inside>", _REPORTED.sub("", paragraph.strip(_EDGES))).translate(_BARS)
    match = _LABEL.search(line)
    if match is None or _SENTENCE.search(line) or (match.start() > 8 and match.lastgroup not in _SUFFIXES):
        return ()
    contributors = _read_labelled(_INNER_BRACKETS.sub(" ", line), strict=True)
    # 王远 摄影报道, 王远 供稿
    closes = (match.lastgroup == "text_and_photo" or match[0] == "供稿") and match.end() == len(line)
    is_one = closes or line != paragraph or _OPENING.match(line) is not None
    # 文/图, and 通讯员 set apart, announce nothing but names, even of peoples whose surnames the list lacks.
    is_sure = any(one.role == "text_and_photo" for one in contributors)
    is_sure = is_sure or (_CORRESPONDENT.match(line) is not None and all(is_name(one.name) for one in contributors))
    are_names = is_sure or any(has_surname(one.name) or has_rare_surname(one.name) for one in contributors)
    return contributors if is_one and are_names else ()


def read_last_brackets(paragraph: str) -> tuple[Contributor, ...]:
    """Return the names in the brackets that end the last paragraph, if a label (记者, 作者) announces them."""
    match = _LAST_BRACKETS.search(paragraph) if paragraph.endswith(_BRACKET_ENDS) else None
    if match is None or not _LABEL.search(match["inside"]) or _SENTENCE.search(match["inside"]):
        return ()
    found = _read_labelled(match["inside"], strict=True)
    return () if all(one.role == "photographer" for one in found) else found


def _read_labelled(text: str, *, strict: bool = False) -> tuple[Contributor, ...]:
    """Return the names of a text with labels. `strict`: empty if a word is neither name nor title nor label."""
    roles, groups = _split_by_labels(text)
    if groups[0] and not groups[-1] and roles[-1] in _SUFFIXES | {"author", "producer"}:
        # 王远 文 李晨 摄: the labels stand behind the names.
        pairs = list(zip(roles, groups[:-1], strict=True))
    else:
        pairs = [("author", groups[0]), *zip(roles, groups[1:], strict=True)]
        if len(pairs) > 2 and not pairs[-1][1] and pairs[-1][0] in _SUFFIXES:
            # 记者 王远 摄: the last label overrules the first.
            pairs[-2:] = [(pairs[-1][0], pairs[-2][1])]
        for place, ((role, words), (following, _)) in enumerate(itertools.pairwise(pairs)):
            if role in _SUFFIXES and not words and following in _POSTS:
                # 图/本报记者 王远: what is done overrules the post.
                pairs[place + 1] = (role, pairs[place + 1][1])
    contributors: list[Contributor] = []
    for role, words in pairs:
        for word in words:
            name = _name_in(word)
            if name is None and strict and not is_titled(word) and not word.endswith(_GIVEN):
                return ()
            if name is not None and role in _ROLES:
                contributors.append(Contributor(name=name, role=cast("Role", role)))
    return tuple(dict.fromkeys(contributors))


def _split_by_labels(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the labels' roles, and the words before the first label and after each."""
    roles: list[str] = []
    groups: list[list[str]] = []
    start = 0
    for match in _LABEL.finditer(text):
        words = split_names(text[start : match.start()])
        is_glued = match.start() > start and text[match.start() - 1] not in _AFTER_LABEL
        if (
            is_glued
            and words
            and match.lastgroup not in _SUFFIXES
            and not (roles and is_name(words[-1]) and not words[-1].endswith(_OUTLETS))
        ):
            words.pop()  # 总台记者, 中新社记者: the outlet, no name
        groups.append(words)
        roles.append(match.lastgroup or "")
        start = match.end()
    groups.append(split_names(text[start:].lstrip(_AFTER_LABEL)))
    return roles, groups


def _name_in(word: str) -> str | None:
    word = word.strip(":：()（）[]【】")
    if is_labelled_name(word) and not (len(word) >= _LEAST_TITLED and is_titled(word)):
        return word
    return name_before_title(word) or name_after_title(word)
