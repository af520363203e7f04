"""Decisions about mail work: one mail that is several matters, conversations that are one, mail that needs no reply."""

import msgspec

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decide_message import reopened
from router.core.decision import Decision, carried, code_known, no, owned, released
from router.core.facts import Facts
from router.core.item import WorkItem
from router.core.opening import open_item
from router.core.reference import reference
from router.core.rejections import Rejection
from router.core.state import State
from skills import PROFICIENCY_MAX, PROFICIENCY_MIN, Requirement, merged, named

_WITH_AGENT = ("active", "wrapping", "pending")


def split_item(state: State, command: c.SplitItem, now: int) -> Decision:
    """Each matter of a mail gets an item and a conversation of its own, so that each is routed, answered and closed by
    itself; what was written is read from all of them. The item itself stays its agent's."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    refused = _not_to_split(state, command, item)
    if refused is not None:
        return refused
    split = e.ItemSplit(
        at=now,
        item=item.id,
        agent=command.agent,
        parts=tuple(part.item for part in command.parts),
        conversations=tuple(part.conversation for part in command.parts),
        seq=command.seq,
    )
    events: list[e.Event] = [split]
    for number, part in enumerate(command.parts, 1):
        opened = _part(state, part, item, now, number)
        if isinstance(opened, Rejection):
            return opened
        events += opened
        if part.note:
            events.append(e.NoteAdded(at=now, item=part.item, agent=command.agent, content=part.note))
    return events


def _not_to_split(state: State, command: c.SplitItem, item: WorkItem) -> Rejection | None:
    conversation = state.conversations[item.conversation]
    if item.channel != "email":
        return no("wrong_channel", item.id)
    if not command.parts or not 0 <= command.seq <= conversation.seq:
        return no("bad_value", "parts" if not command.parts else "seq")
    if len(conversation.splits) + len(command.parts) > limits.SPLITS_MAX:
        return no("full", conversation.id)
    names = [name for part in command.parts for name in (part.item, part.conversation)]
    used = next((name for name in names if name in state.items or name in state.conversations), "")
    return no("duplicate_id", used) if used or len(set(names)) < len(names) else None


def _part(state: State, part: c.SplitPart, item: WorkItem, now: int, number: int) -> Decision:
    """One matter, the `number`th of its mail: opened like any contact, but as old, and as urgent, as the mail is."""
    category = state.categories.get(part.category)
    if part.category and category is None:
        return no("unknown_category", part.category)
    queue = state.queues.get(part.queue or (category.queue if category is not None else "") or item.queue)
    if queue is None:
        return no("unknown_queue", part.queue)
    refused = _not_to_ask(state, part)
    if refused is not None:
        return refused
    conversation = state.conversations[item.conversation]
    facts = Facts(
        entry_point=item.entry_point,
        queue=queue.id,
        requirement=_asked(state, part, item, queue),
        language=item.language,
        priority=part.priority,
        category=part.category,
        customer=item.customer,
        attributes=item.attributes,
        address=conversation.address,
    )
    opened = open_item(state, now, item=part.item, conversation=part.conversation, channel=item.channel, facts=facts)
    if isinstance(opened, Rejection):
        return opened
    return [_as_part(state, event, item, number) for event in opened]


def _asked(state: State, part: c.SplitPart, item: WorkItem, queue: Queue) -> Requirement:
    if part.requirement is not None:
        return part.requirement
    category = state.categories.get(part.category)
    if category is not None:
        return merged(carried(state, item.requirement), category.requirement)
    return item.requirement if queue.id == item.queue else carried(state, item.requirement)


def _not_to_ask(state: State, part: c.SplitPart) -> Rejection | None:
    """What a part asks and nobody could have, or no log could hold."""
    asked = part.requirement or ()
    unknown = next((name for name in named(asked) if name not in state.skills), None)
    if unknown is not None:
        return no("unknown_skill", unknown)
    if any(not PROFICIENCY_MIN <= level <= PROFICIENCY_MAX for _, level in asked):
        return no("bad_level", part.item)
    return no("bad_value", "priority") if abs(part.priority) > limits.PRIORITY_MAX else None


def _as_part(state: State, event: e.Event, item: WorkItem, number: int) -> e.Event:
    """What opening tells, told of a part: where it comes from, since when, and its place among the others."""
    match event:
        case e.ConversationOpened():
            called = reference(state.meta.reference + number)
            return msgspec.structs.replace(event, split_from=item.conversation, reference=called)
        case e.ItemOpened():
            return msgspec.structs.replace(event, split_from=item.id, first_entered_at=item.first_entered_at)
        case e.ItemQueued():
            due = min(event.due, item.due)
            return msgspec.structs.replace(event, due=due, seq=state.meta.seq + number)
        case _:
            return event


def merge_conversation(state: State, command: c.MergeConversation, now: int) -> Decision:
    """One conversation becomes part of another one, whose item goes on; its own item closes. Whoever merges has one of
    the two, and takes none from a colleague's hands."""
    item, into = state.items.get(command.item), state.items.get(command.into)
    if item is None or item.state == "closed":
        return no("unknown_item", command.item)
    if into is None or into.state == "closed":
        return no("unknown_item", command.into)
    refused = _not_to_merge(state, command, item, into)
    if refused is not None:
        return refused
    merged = e.ConversationMerged(
        at=now,
        item=into.id,
        agent=command.agent,
        conversation=into.conversation,
        merged=item.conversation,
        merged_item=item.id,
    )
    closed = e.ItemClosed(
        at=now,
        item=item.id,
        outcome="merged",
        agent=command.agent,
        disposition=item.disposition,
        counted=False,
    )
    woken = into.state == "pending" and into.agent != command.agent
    again = reopened(state, into, now, "customer") if woken else []
    return [*released(item, now, "merged"), merged, closed, *again]


def _not_to_merge(state: State, command: c.MergeConversation, item: WorkItem, into: WorkItem) -> Rejection | None:
    own, other = state.conversations[item.conversation], state.conversations[into.conversation]
    if own is other:
        return no("bad_value", "into")
    if item.channel != "email" or into.channel != "email":
        return no("wrong_channel", item.id if item.channel != "email" else into.id)
    mine = [one for one in (item, into) if one.agent == command.agent and one.state in _WITH_AGENT]
    theirs = item.state in _WITH_AGENT and item.agent != command.agent
    if not mine or theirs:
        return no("not_yours", item.id if theirs else into.id)
    if own.item != item.id or other.item != into.id or into.state == "wrapping":
        return no("wrong_state", item.id if own.item != item.id else into.id)
    if len(own.merged) + len(other.merged) >= limits.MERGED_MAX:
        return no("full", other.id)
    return None


def unmerge_conversation(state: State, command: c.UnmergeConversation, now: int) -> Decision:
    """The merged conversation goes on by itself, with a new item that is as old and as urgent as the first; for as long
    as the one that it was merged into is open. What came in meanwhile stays where it came in."""
    item = state.items.get(command.item)
    if item is None:
        return no("unknown_item", command.item)
    if item.consults:
        return no("is_consult", item.id)
    conversation = state.conversations[item.conversation]
    into = state.conversations.get(conversation.merged_into)
    other = state.items[into.item] if into is not None else None
    if into is None or other is None or conversation.item != item.id or other.state == "closed":
        return no("wrong_state", item.id)
    if command.agent and (other.agent != command.agent or other.state not in _WITH_AGENT):
        return no("not_yours", other.id)
    opened = open_item(
        state,
        now,
        item=command.opens,
        conversation=conversation.id,
        channel=item.channel,
        facts=_facts_of(state, item),
        reopens=item.id,
        reopen_count=item.reopen_count,
        last_agent=item.last_agent,
    )
    if isinstance(opened, Rejection):
        return opened
    unmerged = e.ConversationUnmerged(
        at=now,
        item=other.id,
        agent=command.agent,
        conversation=into.id,
        merged=conversation.id,
        merged_item=item.id,
        opens=command.opens,
    )
    return [unmerged, *(_as_before(event, item) for event in opened)]


def _facts_of(state: State, item: WorkItem) -> Facts:
    return Facts(
        entry_point=item.entry_point,
        queue=item.queue,
        requirement=item.requirement,
        wishes=item.wishes,
        language=item.language,
        priority=item.priority,
        category=item.category,
        customer=state.conversations[item.conversation].customer,
        attributes=item.attributes,
        rules=item.rules,
    )


def _as_before(event: e.Event, item: WorkItem) -> e.Event:
    match event:
        case e.ItemOpened():
            return msgspec.structs.replace(event, first_entered_at=item.first_entered_at, split_from=item.split_from)
        case e.ItemQueued():
            return msgspec.structs.replace(event, due=min(event.due, item.due))
        case _:
            return event


def dismiss_item(state: State, command: c.DismissItem, now: int) -> Decision:
    """Closed without an answer; the code says whether it counts in the service level. Nothing is demanded first."""
    item = owned(state, command, command.item, command.agent)
    if isinstance(item, Rejection):
        return item
    if not code_known(state, "closing", command.code):
        return no("unknown_code" if command.code else "reason_required", command.code or item.id)
    code = state.codes.get(f"closing:{command.code}")
    return [
        e.ItemClosed(
            at=now,
            item=item.id,
            outcome="dismissed",
            agent=command.agent,
            disposition=command.code,
            counted=code is None or code.counts,
        )
    ]
