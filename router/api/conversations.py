"""Conversations: with whom, their messages with texts, who has seen what, and who is typing."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.items import concerned
from router.api.live import LIVE
from router.api.problems import Problem
from router.api.rights import Principal, require
from router.api.routes import Routes, principal_of, query_of
from router.api.work import item_teams
from router.core.commands import MarkSeen
from router.gateway import Attachment, Content

routes = Routes()

_content = msgspec.json.Decoder(Content)


class MessagesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages past sequence number `after`, at most `limit`."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.PAGE_MAX)] = limits.PAGE_DEFAULT


class ConversationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation. `address` and `name` are the customer's; empty once erased. `items`: the oldest first."""

    id: str
    channel: str
    open: bool
    customer: str = ""
    language: str = ""
    item: str = ""
    items: list[str] = []
    messages: int = 0
    seen: dict[str, int] = {}
    address: str = ""
    name: str = ""


class MessageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message with its text. `html` is as it came in: never show it unsanitised."""

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
    attachments: tuple[Attachment, ...] = ()
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
            customer=kept.get("customer", ""),
            language=kept.get("language", ""),
            items=list(kept.get("items", ())),
        )
    items = [item for item in kept.get("items", ()) if item != record.item]
    address = await _address(request, record.address)
    return ConversationView(
        id=id,
        channel=record.channel,
        open=True,
        customer=record.customer,
        language=record.language,
        item=record.item,
        items=[*items, record.item],
        messages=record.seq,
        seen=dict(record.seen),
        address=address.address,
        name=address.name,
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
    rows = {row["seq"]: row for row in await request.app[DEPS].history.messages(id, query.after)}
    rows.update((row["seq"], row) for row in request.app[LIVE].messages(id, query.after) if row["seq"] not in rows)
    wanted = [rows[seq] for seq in sorted(rows)]
    page = wanted[: query.limit]
    return Messages(
        conversation=id,
        rows=await _filled(request, page),
        next=page[-1]["seq"] if len(wanted) > query.limit else 0,
    )


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


def require_conversation(request: web.Request, principal: Principal, conversation: str) -> None:
    """Raises Problem unless the caller may read an open conversation."""
    state = request.app[DEPS].gateway.state
    item = state.items.get(state.conversations[conversation].item)
    require(principal, "conversation.read", *(concerned(state, item, principal) if item else ((), ())))


async def _readable(request: web.Request, id: str) -> dict[str, Any]:
    """What the archive has of the conversation, if the caller may read it. Raises Problem."""
    deps, principal = request.app[DEPS], principal_of(request)
    state = deps.gateway.state
    kept = await deps.history.conversation(id)
    if id in state.conversations:
        require_conversation(request, principal, id)
        return kept or {}
    if kept is None:
        raise Problem("unknown_conversation", "There is no conversation with this id.", subject=id)
    teams: set[str] = set()
    agents: set[str] = set()
    for item in kept.get("items", ()):
        row = await deps.history.item(item) or {}
        teams |= item_teams(state, row.get("queue", ""), row.get("agent", ""))
        agents |= {row.get("agent", ""), row.get("last_agent", "")} - {""}
    require(principal, "conversation.read", teams, agents)
    return kept


async def _address(request: web.Request, id: str) -> Content:
    data = (await request.app[DEPS].gateway.contents([id]))[0] if id else None
    return _content.decode(data) if data is not None else Content()


async def _filled(request: web.Request, rows: list[dict[str, Any]]) -> list[MessageView]:
    gateway = request.app[DEPS].gateway
    contents = await gateway.contents([row["content"] for row in rows]) if rows else []
    return [await _view(request, row, data) for row, data in zip(rows, contents, strict=True)]


async def _view(request: web.Request, row: dict[str, Any], data: bytes | None) -> MessageView:
    content = _content.decode(data) if data is not None else Content()
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
        attachments=content.attachments,
        erased=data is None,
    )


async def _blob(request: web.Request, id: str) -> str:
    data = await request.app[DEPS].gateway.blob(id) if id else None
    return data.decode(errors="replace") if data is not None else ""
