"""The warnings that an article may carry: what a reader of its line should know of the reading."""

UNKNOWN_LAYOUT = "unknown_layout"
BODY_BY_DENSITY = "body_by_density"
HEADLINE_FROM_TITLE = "headline_from_title"
NO_HEADLINE = "no_headline"
PUBLISHED_FROM_URL = "published_from_url"
NO_PUBLISHED_TIME = "no_published_time"
PUBLISHED_DISAGREES_WITH_URL = "published_disagrees_with_url"
PUBLISHED_AFTER_CAPTURE = "published_after_capture"
BYLINE_FROM_HIDDEN_AUTHOR = "byline_from_hidden_author"
NO_TEXT = "no_text"
REPLACEMENT_CHARACTERS = "replacement_characters"
DAMAGED_TEXT = "damaged_text"
PAGE_CUT = "page_cut"
NESTED_TOO_DEEP = "nested_too_deep"
PAGE_MISSING = "page_missing"

MEANINGS = {
    UNKNOWN_LAYOUT: "no layout of the branch fits the page; the generic rules read it",
    BODY_BY_DENSITY: "the layout fits, but its selector for the body found no text; the densest block was taken",
    HEADLINE_FROM_TITLE: "neither layout nor headings gave a headline; it is the title without the portal's name",
    NO_HEADLINE: "nothing on the page gave a headline",
    PUBLISHED_FROM_URL: "the page prints no time; the day is the one in its address",
    NO_PUBLISHED_TIME: "neither the page nor its address tells a time",
    PUBLISHED_DISAGREES_WITH_URL: "the printed time and the day in the address are more than a day apart",
    PUBLISHED_AFTER_CAPTURE: "the printed time lies more than a day after the capture",
    BYLINE_FROM_HIDDEN_AUTHOR: "the byline is the hidden author, who is neither the hidden nor the visible editor",
    NO_TEXT: "there are pictures or a video, but no text",
    REPLACEMENT_CHARACTERS: "bytes were lost when the page was decoded",
    DAMAGED_TEXT: "a mirror has spoilt the text; the line names the stretches",
    PAGE_CUT: "the page has more characters or tags than are read; its end is missing",
    NESTED_TOO_DEEP: "elements nest deeper than the parser goes; what stands after them is missing",
    PAGE_MISSING: "a further page of the article was not read",
}
ALL = frozenset(MEANINGS)
