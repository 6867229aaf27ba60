"""Tell the pictures of an article from the furniture of its page: icons, codes to scan, spacers, advertisements."""

import re

from crawler.reading.extract.tree import Element

# Where lazily loaded pictures keep their address, before the placeholder in `src`.
_ADDRESSES = ("data-original", "data-src", "data-lazy-src", "data-echo", "_src", "original", "src")
_NO_ADDRESS = ("data:", "blob:", "about:", "javascript:")
_FURNITURE = re.compile(
    r"/fileftp/|image\.cns\.com\.cn/default/|/gg/|/ads?/|/adv/|qr_?code|erweima|/ewm|/icons?/|(?:/|_|-)icon[._-]|/logo|_logo\.|spacer|/blank\.|pixel\.|"
    r"/loading|grey\.gif|/share[_.-]|/weixin\.|/wechat\.|/emoji|/btn|/button|/arrow"
)
_FURNITURE_NAME = re.compile(r"二维码|参与互动|扫一扫|^广告|^分享")
_SIZE = re.compile(r"\s*(\d{1,5})\s*(?:px)?\s*")
_SMALLEST_SIDE = 48


def image_address(element: Element) -> str | None:
    """Return the address of a picture as written in the page, None for furniture."""
    url = ""
    for name in _ADDRESSES:
        value = (element.get(name) or "").strip()
        if value and not value.lower().startswith(_NO_ADDRESS):
            url = value
            break
    if not url or _FURNITURE.search(url.lower()) or _FURNITURE_NAME.search(element.get("alt") or ""):
        return None
    sides = (_pixels(element.get("width")), _pixels(element.get("height")))
    return None if any(side is not None and side <= _SMALLEST_SIDE for side in sides) else url


def _pixels(value: str | None) -> int | None:
    match = _SIZE.fullmatch(value) if value else None
    return int(match[1]) if match else None
