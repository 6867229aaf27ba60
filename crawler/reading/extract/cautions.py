"""The warnings that an article may carry: what a reader of its line should know of the reading."""

# No layout of the branch fits the page; the generic rules read it.
UNKNOWN_LAYOUT = "unknown_layout"
# The layout fits, but its selector for the body found no text; the densest block was taken.
BODY_BY_DENSITY = "body_by_density"
# Neither layout nor headings gave a headline; it is the page's <title> without the portal's name.
HEADLINE_FROM_TITLE = "headline_from_title"
NO_HEADLINE = "no_headline"
# The page prints no time; the day is the one in its URL.
PUBLISHED_FROM_URL = "published_from_url"
NO_PUBLISHED_TIME = "no_published_time"
# The printed time and the day in the URL are more than a day apart.
PUBLISHED_DISAGREES_WITH_URL = "published_disagrees_with_url"
# The printed time lies more than a day after the capture.
PUBLISHED_AFTER_CAPTURE = "published_after_capture"
# The byline is the hidden author of the page, who is neither its hidden nor its visible editor.
BYLINE_FROM_HIDDEN_AUTHOR = "byline_from_hidden_author"
# There are pictures or a video, but no text.
NO_TEXT = "no_text"
# Bytes were lost when the page was decoded.
REPLACEMENT_CHARACTERS = "replacement_characters"
# The page has more characters or tags than are read; its end is missing.
PAGE_CUT = "page_cut"
# Elements nest deeper than the parser goes; what stands after them is missing.
NESTED_TOO_DEEP = "nested_too_deep"
# A further page of the article was not read.
PAGE_MISSING = "page_missing"

ALL = frozenset(
    (
        UNKNOWN_LAYOUT,
        BODY_BY_DENSITY,
        HEADLINE_FROM_TITLE,
        NO_HEADLINE,
        PUBLISHED_FROM_URL,
        NO_PUBLISHED_TIME,
        PUBLISHED_DISAGREES_WITH_URL,
        PUBLISHED_AFTER_CAPTURE,
        BYLINE_FROM_HIDDEN_AUTHOR,
        NO_TEXT,
        REPLACEMENT_CHARACTERS,
        PAGE_CUT,
        NESTED_TOO_DEEP,
        PAGE_MISSING,
    )
)
