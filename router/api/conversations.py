"""Conversations: with whom, their messages with texts, who has seen what, and who is typing."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from router.api import limits
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.live import LIVE
from router.api.problems import Problem
from router.api.rights import forbidden, may
from router.api.routes import Routes, principal_of, query_of
from router.core.commands import MarkSeen
from router.core.concern import concerned, item_teams
from router.core.merged import parts_of
from router.gateway import Attachment, Content

routes = Routes()

_content = msgspec.json.Decoder(Content)


class MessagesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages past sequence number `after`, at most `limit`."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class ConversationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation, which people call by its `reference`. `address` and `name` are the customer's; empty once erased.

    `items`: the oldest first. Read with it are the conversation that it is one matter of (`split_from`), its own
    matters (`splits`), the one in which it goes on (`merged_into`), and those that go on in it (`merged`).
    """

    id: str
    channel: str
    open: bool
    reference: str = ""
    customer: str = ""
    language: str = ""
    item: str = ""
    items: list[str] = []
    messages: int = 0
    seen: dict[str, int] = {}
    address: str = ""
    name: str = ""
    split_from: str = ""
    splits: list[str] = []
    merged_into: str = ""
    merged: list[str] = []


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a message; its bytes are at `path`."""

    name: str
    type: str
    size: int
    path: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message with its text. `problem` says what was wrong with a mail; `raw` is where it lies as it came in."""

    seq: int
    side: str
    at_ms: int
    id: str = ""
    agent: str = ""
    item: str = ""
    delivery: str = ""
    text: str = ""
    html: str = ""
    subject: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    attachments: tuple[AttachmentView, ...] = ()
    problem: str = ""
    raw: str = ""
    erased: bool = False


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """Messages in order. `next` is the `after` of the following page; 0 when this is the end."""

    conversation: str
    rows: list[MessageView]
    next: int = 0


class TypingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the agent is typing."""

    on: bool


class SeenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to which message the agent's screen has shown the customer's."""

    up_to: Annotated[int, msgspec.Meta(ge=0)]


@routes.route("GET", "/api/v1/conversations/{conversation}", action="conversation.read", answer=ConversationView)
async def get(request: web.Request) -> ConversationView:
    """A conversation: channel, customer, its items, and where it is answered to."""
    deps, id = request.app[DEPS], request.match_info["conversation"]
    kept = await _readable(request, id)
    record = deps.gateway.state.conversations.get(id)
    if record is None:
        return ConversationView(
            id=id,
            channel=kept.get("channel", ""),
            open=False,
            reference=kept.get("reference", ""),
            customer=kept.get("customer", ""),
            language=kept.get("language", ""),
            items=list(kept.get("items", ())),
            split_from=kept.get("split_from", ""),
            splits=list(kept.get("splits", ())),
            merged_into=kept.get("merged_into", ""),
            merged=list(kept.get("merged", ())),
        )
    items = [item for item in kept.get("items", ()) if item != record.item]
    address = await _address(request, record.address)
    return ConversationView(
        id=id,
        channel=record.channel,
        open=True,
        reference=record.reference,
        customer=record.customer,
        language=record.language,
        item=record.item,
        items=[*items, record.item],
        messages=record.seq,
        seen=dict(record.seen or {}),
        address=address.address,
        name=address.name,
        split_from=record.split_from or kept.get("split_from", ""),
        splits=list(dict.fromkeys((*kept.get("splits", ()), *record.splits))),
        merged_into=record.merged_into,
        merged=list(parts_of(deps.gateway.state, record)),
    )


@routes.route(
    "GET",
    "/api/v1/conversations/{conversation}/messages",
    action="conversation.read",
    query=MessagesQuery,
    answer=Messages,
)
async def messages(request: web.Request) -> Messages:
    """The messages of a conversation with their texts, archived and live ones as one list."""
    query, id = query_of(request, MessagesQuery), request.match_info["conversation"]
    await _readable(request, id)
    wanted = await _rows(request, id, query.after)
    page = wanted[: query.limit]
    return Messages(
        conversation=id,
        rows=await _filled(request, page),
        next=page[-1]["seq"] if len(wanted) > query.limit else 0,
    )


@routes.route(
    "GET",
    "/api/v1/conversations/{conversation}/messages/{seq}/raw",
    action="conversation.read",
    answer=bytes,
    answer_media="application/octet-stream",
)
async def raw(request: web.Request) -> web.Response:
    """A mail as it came in, byte by byte, to be kept as a file."""
    content = await _content_of(request)
    return await _file(request, Attachment(name="message.eml", type="message/rfc822", size=0, blob=content.raw))


@routes.route(
    "GET",
    "/api/v1/conversations/{conversation}/messages/{seq}/attachments/{index}",
    action="conversation.read",
    answer=bytes,
    answer_media="application/octet-stream",
)
async def attachment(request: web.Request) -> web.Response:
    """A file that came with a message. Never shown by us: only to be kept."""
    content, index = await _content_of(request), request.match_info["index"]
    if not index.isdecimal() or int(index) >= len(content.attachments):
        raise Problem("not_found", "The message has no such attachment.")
    return await _file(request, content.attachments[int(index)])


@routes.route(
    "POST", "/api/v1/conversations/{conversation}/typing", action="conversation.read", body=TypingBody, status=202
)
async def typing(request: web.Request, body: TypingBody) -> dict[str, Any]:
    """Show the customer that the agent is typing (or stopped). Nothing of it is kept."""
    id = request.match_info["conversation"]
    own_conversation(request.app[DEPS].gateway.state.conversations.get(id) is not None, id)
    await _readable(request, id)
    await request.app[DEPS].typing.typing(id, "agent", body.on)
    return {}


@routes.route(
    "POST",
    "/api/v1/conversations/{conversation}/seen",
    action="conversation.read",
    body=SeenBody,
    answer=Done,
    answers_command=True,
)
async def seen(request: web.Request, body: SeenBody) -> web.Response:
    """Say up to which message the agent's screen has shown the customer's."""
    id = request.match_info["conversation"]
    await _readable(request, id)
    return await answer_command(request, MarkSeen(conversation=id, side="agent", up_to=body.up_to))


def own_conversation(is_open: bool, id: str) -> None:
    """Raises Problem unless the conversation is open."""
    if not is_open:
        raise Problem("unknown_conversation", "There is no open conversation with this id.", subject=id)


async def _readable(request: web.Request, id: str) -> dict[str, Any]:
    """What the archive has of the conversation, if the caller may read it: whose business it is, or one of those that
    are read with it. Raises Problem."""
    deps = request.app[DEPS]
    kept = await deps.history.conversation(id)
    if kept is None and id not in deps.gateway.state.conversations:
        raise Problem("unknown_conversation", "There is no conversation with this id.", subject=id)
    if not await _is_theirs(request, id, kept):
        linked = [other async for other in _read_with(request, id, kept) if await _is_theirs(request, *other)]
        if not linked:
            raise forbidden("conversation.read")
    return kept or {}


async def _is_theirs(request: web.Request, id: str, kept: dict[str, Any] | None) -> bool:
    deps, principal = request.app[DEPS], principal_of(request)
    state = deps.gateway.state
    if (record := state.conversations.get(id)) is not None:
        item = state.items[record.item]
        return may(principal, "conversation.read", *concerned(state, item, principal.agent))
    teams: set[str] = set()
    agents: set[str] = set()
    for item_id in (kept or {}).get("items", ()):
        row = await deps.history.item(item_id) or {}
        teams |= item_teams(state, row.get("queue", ""), row.get("agent", ""))
        agents |= {row.get("agent", ""), row.get("last_agent", "")} - {""}
    return may(principal, "conversation.read", teams, agents)


async def _read_with(
    request: web.Request, id: str, kept: dict[str, Any] | None
) -> AsyncIterator[tuple[str, dict[str, Any] | None]]:
    """The conversations whose readers read this one too: its matters, and the one in which it goes on, step by step."""
    deps = request.app[DEPS]
    waiting, seen = [(id, kept)], {id}
    while waiting and len(seen) < limits.READ_WITH_MAX:
        current, known = waiting.pop(0)
        record = deps.gateway.state.conversations.get(current)
        into = record.merged_into if record is not None else (known or {}).get("merged_into", "")
        splits = (*(record.splits if record is not None else ()), *(known or {}).get("splits", ()))
        for other in dict.fromkeys((into, *splits)):
            if other and other not in seen:
                seen.add(other)
                waiting.append((other, await deps.history.conversation(other)))
                yield waiting[-1]


async def _content_of(request: web.Request) -> Content:
    """The content of the message that the path names, if the caller may read it. Raises Problem."""
    id, seq = request.match_info["conversation"], request.match_info["seq"]
    await _readable(request, id)
    rows = await _rows(request, id, int(seq) - 1) if seq.isdecimal() and len(seq) < limits.SEQ_DIGITS_MAX else []
    data = None
    if rows and rows[0]["seq"] == int(seq):
        data = (await request.app[DEPS].gateway.contents([rows[0]["content"]]))[0]
    if data is None:
        raise Problem("not_found", "There is no such message, or it was erased.")
    return _content.decode(data)


async def _file(request: web.Request, file: Attachment) -> web.Response:
    """Bytes that a stranger sent us: under a type that no browser shows, and only as a download (ASVS 3.2.1)."""
    data = await request.app[DEPS].gateway.blob(file.blob) if file.blob else None
    if data is None:
        raise Problem("not_found", "There is no such file, or it was erased.")
    disposition = f"attachment; filename*=UTF-8''{quote(file.name or 'file', safe='')}"  # RFC 6266
    return web.Response(
        body=data, headers={"Content-Type": "application/octet-stream", "Content-Disposition": disposition}
    )


async def _address(request: web.Request, id: str) -> Content:
    data = (await request.app[DEPS].gateway.contents([id]))[0] if id else None
    return _content.decode(data) if data is not None else Content()


async def _rows(request: web.Request, id: str, after: int) -> list[dict[str, Any]]:
    """Archived and live messages of a conversation past a sequence number, in order."""
    rows = {row["seq"]: row for row in await request.app[DEPS].history.messages(id, after)}
    for row in request.app[LIVE].messages(id, after):
        rows.setdefault(row["seq"], row)
    return [rows[seq] for seq in sorted(rows)]


async def _filled(request: web.Request, rows: list[dict[str, Any]]) -> list[MessageView]:
    gateway = request.app[DEPS].gateway
    contents = await gateway.contents([row["content"] for row in rows]) if rows else []
    return [await _view(request, row, data) for row, data in zip(rows, contents, strict=True)]


async def _view(request: web.Request, row: dict[str, Any], data: bytes | None) -> MessageView:
    content = _content.decode(data) if data is not None else Content()
    path = f"/api/v1/conversations/{request.match_info['conversation']}/messages/{row['seq']}"
    return MessageView(
        seq=row["seq"],
        side=row["side"],
        at_ms=row["at_ms"],
        id=row.get("id", ""),
        agent=row.get("agent") or "",
        item=row.get("item") or "",
        delivery=row.get("delivery") or "",
        text=await _blob(request, content.text_blob) or content.text,
        html=await _blob(request, content.html_blob) or content.html,
        subject=content.subject,
        to=content.to,
        cc=content.cc,
        attachments=tuple(
            AttachmentView(name=one.name, type=one.type, size=one.size, path=f"{path}/attachments/{index}")
            for index, one in enumerate(content.attachments)
        ),
        problem=content.problem,
        raw=f"{path}/raw" if content.raw else "",
        erased=data is None,
    )


async def _blob(request: web.Request, id: str) -> str:
    data = await request.app[DEPS].gateway.blob(id) if id else None
    return data.decode(errors="replace") if data is not None else ""
