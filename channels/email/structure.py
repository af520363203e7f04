"""The parts of a mail: which is its text, which its HTML, which are files. Pure.

The standard library's parser is used with its old, tolerant policy; what we read of a part's header is what
`channels.email.headers` makes of it.
"""

import re
from email import message_from_bytes, policy
from email.message import Message
from typing import TypeAlias

import msgspec

from channels.email.charsets import decoded
from channels.email.headers import words
from channels.email.limits import (
    FILE_BYTES_MAX,
    FILES_BYTES_MAX,
    FILES_MAX,
    NAME_CHARS_MAX,
    NESTING_MAX,
    TEXT_CHARS_MAX,
)

Part: TypeAlias = "Message[str, str]"

_NESTS = re.compile(rb"(?im)^content-type:\s*(?:multipart|message)/")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_UNFIT = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\u202a-\u202e\u2066-\u2069]+")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a mail. `cid` is what the HTML calls it (a picture in the text)."""

    name: str
    type: str
    data: bytes
    cid: str = ""


class Body(msgspec.Struct, kw_only=True):
    """What the parts add up to. `problems` are codes of what could not be done right."""

    texts: list[str] = []
    markups: list[str] = []
    files: list[File] = []
    problems: list[str] = []


def too_deep(raw: bytes) -> bool:
    """Whether the parser would have to nest deeper than any honest mail does. Never too low: it counts them all."""
    return sum(1 for _ in _NESTS.finditer(raw)) > NESTING_MAX


def body_of(raw: bytes) -> Body:
    """All parts of a mail. What the parser raises on hostile input goes through."""
    body = Body()
    _take(message_from_bytes(raw, policy=policy.compat32), body, top=True)
    return body


def _take(part: Part, body: Body, *, top: bool = False) -> None:
    kind = part.get_content_type()
    if kind.startswith("multipart/"):
        _take_multipart(part, body)
    elif part.is_multipart():
        _keep_file(_enclosed(part), body)
    elif kind in ("text/plain", "text/html") and not _is_file(part, top):
        _keep_text(part, kind, body)
    elif top and not part.get_payload():
        return
    else:
        _keep_file(_file(part, kind), body)


def _take_multipart(part: Part, body: Body) -> None:
    inner = part.get_payload()
    if isinstance(inner, list):
        for child in inner:
            if isinstance(child, Message):
                _take(child, body)
        return
    body.problems.append("structure")
    _keep_text(part, "text/plain", body)


def _is_file(part: Part, top: bool) -> bool:
    disposition = str(part.get("content-disposition", "")).strip().lower()
    return not top and (disposition.startswith("attachment") or bool(_filename(part)))


def _payload(part: Part) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _keep_text(part: Part, kind: str, body: Body) -> None:
    declared = part.get_param("charset", None)
    text, right = decoded(_payload(part), declared if isinstance(declared, str) else None)
    if not right:
        body.problems.append("charset")
    texts = body.markups if kind == "text/html" else body.texts
    kept = sum(map(len, texts))
    if kept + len(text) > TEXT_CHARS_MAX:
        body.problems.append("text_cut")
    texts.append(text.replace("\x00", "")[: TEXT_CHARS_MAX - kept])


def _keep_file(file: File, body: Body) -> None:
    size = sum(len(other.data) for other in body.files) + len(file.data)
    if len(body.files) >= FILES_MAX or len(file.data) > FILE_BYTES_MAX or size > FILES_BYTES_MAX:
        body.problems.append("attachments")
    else:
        body.files.append(file)


def _file(part: Part, kind: str) -> File:
    cid = str(part.get("content-id", "")).strip().strip("<>")[:NAME_CHARS_MAX]
    safe_kind = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    return File(name=_filename(part) or "attachment", type=safe_kind, data=_payload(part), cid=cid)


def _enclosed(part: Part) -> File:
    """A forwarded mail, or the report in a bounce: one file, not looked into."""
    inner = part.get_payload()
    parts = [child for child in inner if isinstance(child, Message)] if isinstance(inner, list) else []
    data = b"\n".join(child.as_bytes(policy=policy.compat32) for child in parts)
    if part.get_content_type() == "message/rfc822":
        return File(name=_filename(part) or "message.eml", type="message/rfc822", data=data)
    return File(name=_filename(part) or "report.txt", type="text/plain", data=data)


def _filename(part: Part) -> str:
    """The name a file came with: its last step, nothing invisible in it. Never used as a path."""
    try:
        name = words(part.get_filename() or "")
    except (LookupError, ValueError, TypeError):
        return ""
    return _UNFIT.sub("_", re.split(r"[/\\]", name)[-1]).strip(". ")[:NAME_CHARS_MAX]
