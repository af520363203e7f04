"""The header block of a mail: read as it stands, cut where it is absurd, decoded where it can be. Pure; never raises.

The standard library's modern header classes fail on some mail that is really sent, and take seconds on hostile mail;
so headers are taken raw and only the few that we need are looked into, each by itself.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses

from channels.email.addresses import is_address
from channels.email.charsets import decoded_header
from channels.email.limits import (
    ADDRESSES_MAX,
    HEADER_BYTES_MAX,
    HEADER_CHARS_MAX,
    MESSAGE_ID_CHARS_MAX,
    NAME_CHARS_MAX,
    REFERENCES_MAX,
)

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"(?m)^([!-9;-~]{1,100})[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)")
_FOLD = re.compile(r"[\r\n\x00]+[ \t]?")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ID = re.compile(rf"<([^<>]{{1,{MESSAGE_ID_CHARS_MAX}}})>")
_BARE_ID = re.compile(r"[^\s<>@,;]{1,200}@[^\s<>@,;]{1,200}")


def block(raw: bytes) -> bytes:
    """The header block, cut after `HEADER_BYTES_MAX`."""
    head = raw[: HEADER_BYTES_MAX + 4]
    end = _END.search(head)
    return head[: end.start()] if end else head[:HEADER_BYTES_MAX]


class Headers:
    """The headers of a mail by lower-case name, in order."""

    def __init__(self, raw: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        for found in _FIELD.finditer(block(raw)):
            value, name = decoded_header(found[2]), found[1].decode("ascii").lower()
            self._values.setdefault(name, []).append(_FOLD.sub(" ", value).strip())

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def first(self, name: str) -> str:
        """The first header of this name as it stands, unfolded; empty if there is none."""
        return self._values.get(name, [""])[0][:HEADER_CHARS_MAX]

    def text(self, name: str, chars_max: int) -> str:
        """The first header of this name, decoded, for people to read."""
        return words(self.first(name)[: chars_max * 4])[:chars_max]

    def addresses(self, name: str) -> list[tuple[str, str]]:
        """(name, address) of everybody in all headers of this name. What is no address is left out."""
        values = [value[:HEADER_CHARS_MAX] for value in self._values.get(name, ())][:ADDRESSES_MAX]
        try:
            pairs = getaddresses(values)
        except (RecursionError, ValueError, IndexError):
            return []
        found = [(words(person)[:NAME_CHARS_MAX], address.strip()) for person, address in pairs[:ADDRESSES_MAX]]
        return [(person, address) for person, address in found if is_address(address)]

    def ids(self, name: str) -> list[str]:
        """Message ids in all headers of this name, as `<id>`, blanks taken out of each."""
        return [id for value in self._values.get(name, []) for id in message_ids(value)]


def message_ids(value: str) -> list[str]:
    """Message ids in a header's value, in order."""
    found = [f"<{''.join(id.split())}>" for id in _ID.findall(value)]
    return [id for id in found if id != "<>"] or [f"<{id}>" for id in _BARE_ID.findall(value)]


def capped(ids: list[str]) -> tuple[str, ...]:
    """These ids, each once; of very many, the first and the last ones."""
    unique = tuple(dict.fromkeys(ids))
    return unique if len(unique) <= REFERENCES_MAX else (unique[0], *unique[1 - REFERENCES_MAX :])


def words(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) decoded, on one line, nothing invisible in it."""
    try:
        parts = decode_header(_BETWEEN_WORDS.sub(r"\1\2", value)) if "=?" in value else [(value, None)]
    except (HeaderParseError, ValueError):
        parts = [(value, None)]
    text = "".join(part if isinstance(part, str) else _word(part, charset) for part, charset in parts)
    return _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def _word(part: bytes, charset: str | None) -> str:
    """A decoded word. What stood between encoded words comes as bytes of `raw_unicode_escape`."""
    if charset is None:
        return part.decode("raw_unicode_escape", "replace")
    return decoded_header(part, charset)
