"""A raw mail into what we keep of it. Pure, and it never raises: what cannot be parsed still says what it is.

It runs in a process of its own (`channels.email.worker`), because hostile mail can cost seconds or crash a parser.
"""

import re

import msgspec

from channels.email.addresses import canonical
from channels.email.automatic import enclosed_ids, is_automatic, is_bounce
from channels.email.headers import Headers, capped
from channels.email.limits import SUBJECT_CHARS_MAX, TEXT_CHARS_MAX
from channels.email.markup import sanitised, stripped, text_of
from channels.email.markup import too_deep as markup_too_deep
from channels.email.structure import Body, File, body_of, too_deep

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_,;\s]|$)")


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says. `references` are the ids it answers (the nearest last), `reported` those a bounce is about.

    `problem` is empty or a code: `charset` (the mail misstates its own), `structure` (parts cannot be told apart),
    `attachments` or `text_cut` (too many or too large, see the raw mail), `unparsable`, `too_large`, `unfetchable`.
    """

    message_id: str = ""
    references: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    sender: tuple[str, str] = ("", "")
    """Name and address as in From."""
    reply_to: tuple[tuple[str, str], ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    language: str = ""
    automatic: bool = False
    bounce: bool = False
    problem: str = ""


def parse(raw: bytes) -> Parsed:
    """Everything we keep of a mail."""
    try:
        headers = parse_headers(raw)
        if too_deep(raw):
            return msgspec.structs.replace(headers, problem="unparsable")
        return _with_body(headers, body_of(raw))
    except Exception:  # whatever hostile bytes make the parser raise: the mail is kept, as it came
        return parse_headers(raw, problem="unparsable")


def parse_headers(raw: bytes, problem: str = "") -> Parsed:
    """What the header block alone says: for mail that cannot or must not be parsed whole."""
    headers = Headers(raw)
    senders = headers.addresses("from") or headers.addresses("sender") or headers.addresses("return-path")
    sender = next(iter(senders), ("", ""))
    bounce = is_bounce(headers, canonical(sender[1]))
    automatic = is_automatic(headers, canonical(sender[1]))
    return Parsed(
        message_id=next(iter(headers.ids("message-id")), ""),
        references=capped([*headers.ids("references"), *headers.ids("in-reply-to")]),
        reported=capped(enclosed_ids(raw)) if bounce else (),
        sender=sender,
        reply_to=tuple(headers.addresses("reply-to")),
        to=tuple(address for _, address in headers.addresses("to")),
        cc=tuple(address for _, address in headers.addresses("cc")),
        subject=headers.text("subject", SUBJECT_CHARS_MAX),
        language=_language(headers),
        automatic=automatic,
        bounce=bounce,
        problem=problem,
    )


def _language(headers: Headers) -> str:
    found = _LANGUAGE.match(headers.first("content-language") or headers.first("accept-language"))
    return found[1].lower() if found else ""


def _with_body(headers: Parsed, body: Body) -> Parsed:
    markup = "\n".join(body.markups)
    text = "\n\n".join(part.replace("\r\n", "\n").strip("\n") for part in body.texts)
    if markup_too_deep(markup):
        body.problems.append("structure")
        text, markup = text if text.strip() else stripped(markup), ""
    problems = sorted(body.problems, key=("structure", "attachments", "text_cut", "charset").index)
    return msgspec.structs.replace(
        headers,
        text=(text if text.strip() else text_of(markup))[:TEXT_CHARS_MAX],
        html=sanitised(markup) if markup else "",
        files=tuple(body.files),
        problem=problems[0] if problems else "",
    )
