"""What the id and class of an element say of it: an advertisement or a widget, a caption, the editors."""

import re
from functools import lru_cache
from typing import Literal

Role = Literal["junk", "caption", "editor"]

_JUNK = re.compile(
    r"(?:^|[\s_-])(?:adincontent|adhzh|ads?|adv|advert\w*|gg|guanggao|banner)\d*(?=$|[\s_-])"
    r"|share|jiathis|bdsharebuttonbox|social|related|recommend|xiangguan|xgxw|xgyd|hot_?(?:news|video)|selected_news|comment|pinglun|sohucs|changyan|download_wrapper|"
    r"videojsdesc|function_code_page|pagebox|page_bar|pagination|pagebreak|paging|fenye|copyright|disclaimer|banquan|footer|breadcrumb|qrcode|erweima|"
    r"prev_?next|toolbar|zihao|font_?size|print_?(?:btn|button|icon|link)|divad|mianze|newsrecommend|news_list_ul|gotop|backtop"
)
_CAPTION = re.compile(
    r"pictext|left_pt|caption|tuzhu|tushuo|img_?(?:desc|text|info|title|note)|pic_?(?:desc|info|title|note|txt)|photo_?(?:desc|text|note)|image_?(?:desc|note)|current_img_desc|figcaption"
)
# TRS_Editor is the container of a text from the editor of TRS, a content management system.
_EDITOR = re.compile(
    r"adeditor|left_name|(?:^|[\s_-])(?<!trs_)(?:editor|bianji|zebian|editors|article-?editor)(?=$|[\s_-])"
)
_KEPT = re.compile(r"bianzhean")


def classify(tokens: str) -> Role | None:
    """Return what the id and class of an element say of it, None if nothing."""
    return _classify(tokens.lower())


@lru_cache(maxsize=4096)
def _classify(tokens: str) -> Role | None:
    if _EDITOR.search(tokens):
        return "editor"
    if _CAPTION.search(tokens):
        return "caption"
    return "junk" if _JUNK.search(tokens) and not _KEPT.search(tokens) else None
