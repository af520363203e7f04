"""Mail work: one mail as several items, conversations of one matter as one, mail that needs no answer."""

import contextlib
from functools import partial
from typing import Annotated

import msgspec

from queues.category import BARRED
from router.api import limits
from router.api.acting import ActionBody, ItemAction, Made, Name, optional_text
from router.api.cards import card_of
from router.api.commanding import Call
from router.api.problems import Problem
from router.api.rights import may, require
from router.api.shapes import Levels, Priority
from router.core import commands as c
from router.core import limits as core
from router.core.concern import concerned, item_teams
from router.runtime.acts import Act
from router.runtime.customers import AddressTaken, StaleCard
from skills import requirement


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One matter of the mail: its queue (else that of its category, else the item's), what it asks (else what its
    category asks, and the languages of the item), and a note for whoever gets it."""

    queue: Name = ""
    category: Name = ""
    requirement: Levels | None = None
    priority: Priority = 0
    note: str = ""


class Split(ActionBody, frozen=True):
    """Make items of their own of the matters of a mail; this item stays yours. `seq`: which message (0: all)."""

    parts: Annotated[list[Part], msgspec.Meta(min_length=1, max_length=core.SPLITS_MAX)]
    seq: Annotated[int, msgspec.Meta(ge=0)] = 0


class Merge(ActionBody, frozen=True):
    """This item is about the same matter as `into`, which goes on: its messages are seen there, and later mails to
    either land there; this item closes."""

    into: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]


class Unmerge(ActionBody, frozen=True):
    """This merged item was another matter after all: its conversation goes on with a new item."""


class Dismiss(ActionBody, frozen=True):
    """Close without an answer; `code` is a code of kind closing: none needed, spam, not for us."""

    code: Name


async def _split(call: Call, item: str, body: Split) -> Made:
    contents: dict[str, bytes] = {}
    parts = []
    for place, part in enumerate(body.parts):
        note, text = await optional_text(call, part.note, f"/parts/{place}/note")
        contents |= text
        parts.append(
            c.SplitPart(
                item=call.deps.ids.new("item"),
                conversation=call.deps.ids.new("conv"),
                queue=part.queue,
                category=part.category,
                requirement=requirement(part.requirement) if part.requirement is not None else None,
                priority=part.priority,
                note=note,
            )
        )
    return Made(c.SplitItem(item=item, agent=body.agent, parts=tuple(parts), seq=body.seq), contents)


async def _merge(call: Call, item: str, body: Merge) -> Made:
    """Who merges must be allowed to read both: they read the one in the other from then on."""
    state = call.deps.gateway.state
    for id in (item, body.into):
        record = state.items.get(id)
        if record is None:
            raise Problem("unknown_item", "There is no open item with this id.", subject=id)
        require(call.principal, "item.read", *concerned(state, record, call.principal.agent))
    return Made(c.MergeConversation(item=item, into=body.into, agent=body.agent))


async def _unmerge(call: Call, item: str, body: Unmerge) -> Made:
    """A supervisor's names no agent: then it does not matter who holds the item that goes on."""
    agent, state = body.agent, call.deps.gateway.state
    record = state.items.get(item)
    if record is not None and agent == call.principal.agent:
        teams = item_teams(state, record.queue, record.agent)
        agent = "" if may(call.principal, "item.supervise", teams) else agent
    return Made(c.UnmergeConversation(item=item, opens=call.deps.ids.new("item"), agent=agent))


async def _dismiss(call: Call, item: str, body: Dismiss) -> Made:
    command = c.DismissItem(item=item, agent=body.agent, code=body.code)
    state = call.deps.gateway.state
    code, record = state.codes.get(f"closing:{body.code}"), state.items.get(item)
    if code is None or not code.bars or record is None or not record.customer:
        return Made(command)
    return Made(command, then=partial(_bar, call, record.customer))


async def _bar(call: Call, customer: str) -> None:
    """Tag the sender, so that rules know them. Taking the tag off the card lifts it. A card that somebody else edits in
    this moment is left alone: the next mail bars its sender as well."""
    card = await card_of(call.deps, customer)
    if card is None or BARRED in card.tags:
        return
    act = Act(
        by=call.principal.by,
        command="DismissItem",
        at_ms=call.deps.clock.now_ms(),
        correlation=call.correlation,
    )
    wanted = msgspec.structs.replace(card, tags=tuple(sorted((*card.tags, BARRED))))
    with contextlib.suppress(StaleCard, AddressTaken):
        await call.deps.customers.put(wanted, act=act)


MAIL_ACTIONS = {
    "split": ItemAction(Split, _split),
    "merge": ItemAction(Merge, _merge),
    "unmerge": ItemAction(Unmerge, _unmerge),
    "dismiss": ItemAction(Dismiss, _dismiss),
}
