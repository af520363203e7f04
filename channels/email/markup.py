"""HTML of strangers, made harmless, and the text in it. Pure.

An explicit list says what stays; all else goes. Remote pictures go (they tell the sender who reads when);
pictures that came with the mail (`cid:`) stay. It runs after decoding, never before.
"""

import html
import re

import nh3

from channels.email.limits import HTML_OPEN_MAX, TEXT_CHARS_MAX

TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "center", "cite", "code", "dd", "del", "div", "dl", "dt", "em"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp"),
    *("small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt"),
    *("u", "ul"),
}
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "*": {"lang", "dir"},
}
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
DROPPED_WHOLE = {"script", "style", "title", "head", "svg", "math", "template", "noscript", "iframe", "object"}

_BREAKS = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote|hr)\b[^<>]{0,1000}>")
_TAGS = re.compile(r"<(/?)(?:a|b|big|blockquote|center|div|em|font|i|section|small|span|strong|table|u|ul|ol)\b", re.I)
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACES = re.compile(r"[ \t\r\f\v]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*\n+")


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    """Pictures only from within the mail; links only to the outside."""
    within = value.strip().lower().startswith("cid:")
    if attribute in ("src", "href") and within != (tag == "img"):
        return None
    return value


def sanitised(markup: str) -> str:
    """The harmless part of this HTML."""
    return nh3.clean(
        markup[:TEXT_CHARS_MAX],
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        clean_content_tags=DROPPED_WHOLE,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def too_deep(markup: str) -> bool:
    """Whether so many elements stand open in one another that cleaning would take quadratic time."""
    depth = 0
    for found in _TAGS.finditer(markup):
        depth += -1 if found[1] else 1
        if depth > HTML_OPEN_MAX:
            return True
    return False


def stripped(markup: str) -> str:
    """The text in HTML that is too deep to be read as such: whatever stands between tags."""
    return _BLANK_LINES.sub("\n\n", html.unescape(_ANY_TAG.sub(" ", markup[:TEXT_CHARS_MAX]))).strip()


def text_of(markup: str) -> str:
    """What a reader would read: for lists, searches and programs that show no HTML."""
    lines = _BREAKS.sub("\n", markup[:TEXT_CHARS_MAX].replace("\r", "").replace("\n", " "))
    bare = html.unescape(nh3.clean(lines, tags=set(), clean_content_tags=DROPPED_WHOLE))
    tidy = "\n".join(_SPACES.sub(" ", line).strip() for line in bare.replace("\xa0", " ").split("\n"))
    return _BLANK_LINES.sub("\n\n", tidy).strip()
