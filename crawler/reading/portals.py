"""Portals and their branches: what the rest of Pressmark asks of them, under one name."""

from crawler.reading.addresses import (
    address_date,
    address_number,
    article_id,
    canonical_url,
    find_branch,
    is_article_address,
    is_article_url,
    nearest_branches,
    told_canonical_url,
    url_date,
)
from crawler.reading.portal import FACTS, Branch, Layout, MobileForm, Portal, Section
from crawler.reading.portal_files import built_in_portals, find_portal, load_portal

__all__ = [
    "FACTS",
    "Branch",
    "Layout",
    "MobileForm",
    "Portal",
    "Section",
    "address_date",
    "address_number",
    "article_id",
    "built_in_portals",
    "canonical_url",
    "find_branch",
    "find_portal",
    "is_article_address",
    "is_article_url",
    "load_portal",
    "nearest_branches",
    "told_canonical_url",
    "url_date",
]
