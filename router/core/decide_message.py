"""Decisions about messages of customers: e-mails, chats, webhook texts."""

from typing import Literal, assert_never

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core.conversation import Conversation
from router.core.decision import Decision, abandoned, completed, ended, no, queued
from router.core.escalation import by_rule
from router.core.item import OPEN, WorkItem
from router.core.merged import going_on
from router.core.opening import open_item
from router.core.rejections import Rejection
from router.core.state import State


def conversation_of(state: State, command: c.ReceiveMessage) -> Conversation | None:
    """The open conversation a message belongs to: by its id, else by what it answers; the one in which it goes on."""
    found = _named(state, command)
    return going_on(state, found) if found is not None else None


def _named(state: State, command: c.ReceiveMessage) -> Conversation | None:
    found = state.conversations.get(command.conversation)
    if found is not None:
        return found
    for key in command.message.thread_keys:
        if key in state.threads:
            return state.conversations[state.threads[key]]
    return _quoted(state, command)


def _quoted(state: State, command: c.ReceiveMessage) -> Conversation | None:
    """The open conversation whose reference was quoted, if it is this customer's own: others only refer to it."""
    quoted = state.references.get(command.facts.quotes)
    conversation = state.conversations[quoted] if quoted else None
    if conversation is None or not conversation.customer or conversation.channel != command.channel:
        return None
    return conversation if conversation.customer == command.facts.customer else None


def receive_message(state: State, command: c.ReceiveMessage, now: int) -> Decision:
    """A message joins its conversation; without one it opens a conversation and an item."""
    if command.again or (command.message.natural_key and command.message.natural_key in state.naturals):
        return []
    conversation = conversation_of(state, command)
    if conversation is not None and conversation.channel != command.channel:
        return no("wrong_channel", conversation.id)
    item = state.items.get(conversation.item) if conversation is not None else None
    if conversation is not None and item is not None and _joins(item, command):
        return _join(state, command, conversation, item, now)
    opened = open_item(
        state,
        now,
        item=command.item,
        conversation=conversation.id if conversation is not None else command.conversation,
        channel=command.channel,
        facts=command.facts,
        reopens=item.id if item is not None else command.reopens,
        reopen_count=item.reopen_count + 1 if item is not None else command.reopen_count,
        last_agent=item.last_agent if item is not None else command.last_agent,
        seq=command.last_seq,
        reference=command.reference,
    )
    if isinstance(opened, Rejection):
        return opened
    seq = conversation.seq if conversation is not None else command.last_seq
    where = conversation.id if conversation is not None else command.conversation
    received = e.MessageReceived(at=now, conversation=where, item=command.item, seq=seq + 1, message=command.message)
    entry = next(index for index, event in enumerate(opened) if isinstance(event, e.ItemQueued))
    return [*opened[:entry], received, *opened[entry:]]


def _joins(item: WorkItem, command: c.ReceiveMessage) -> bool:
    """Whether the message belongs to this item: its exchange goes on, or nobody wrote it (a bounce, an absence note).

    An item in wrap-up closes by itself, so what a customer writes then needs an item of its own, as after closing.
    """
    return item.state in OPEN - {"wrapping"} or command.message.automatic


def _join(
    state: State, command: c.ReceiveMessage, conversation: Conversation, item: WorkItem, now: int
) -> list[e.Event]:
    received = e.MessageReceived(
        at=now, conversation=conversation.id, item=item.id, seq=conversation.seq + 1, message=command.message
    )
    if item.silent and not command.message.automatic:
        return [received, woken(state, item, now)]
    if item.state != "pending" or command.message.automatic:
        return [received]
    return [received, *reopened(state, item, now, "customer")]


def woken(state: State, item: WorkItem, now: int) -> e.ItemWoken:
    """The silent customer is back: the item takes room again, whether there is any or not."""
    agent = state.agents[item.agent]
    return e.ItemWoken(at=now, item=item.id, agent=agent.id, over=not state.room(agent, item.channel))


def reopened(
    state: State, item: WorkItem, now: int, reason: Literal["customer", "due"], offset: int = 1
) -> list[e.Event]:
    """A pending item goes back to work, by the customer's answer or because its date came: a new target runs."""
    queue = state.queues[item.queue]
    ruled = _too_often(state, item, now, offset) if reason == "customer" else []
    if ruled:
        return ruled
    why: e.EntryReason = "reopened" if reason == "customer" else "due"
    entered = queued(state, item, queue, now, reason=why, requirement=item.requirement, offset=offset)
    fresh = msgspec.structs.replace(entered, due=now + queue.target(item.channel))
    return [e.ItemReopened(at=now, item=item.id, reason=reason), fresh]


def _too_often(state: State, item: WorkItem, now: int, offset: int) -> list[e.Event]:
    """Where it comes back too often it goes to the specialists, and a new target runs there."""
    most = state.queues[item.queue].reopens_max
    if not most or item.reopen_count + 1 < most:
        return []
    moved = by_rule(state, item, now, "reopened", offset)
    for place, event in enumerate(moved):
        if isinstance(event, e.ItemQueued):
            moved[place] = msgspec.structs.replace(event, due=now + state.queues[event.queue].target(item.channel))
    return [e.ItemReopened(at=now, item=item.id, reason="customer"), *moved] if moved else []


def leave_chat(state: State, command: c.LeaveChat, now: int) -> Decision:
    """The customer closed the chat: unanswered it is abandoned, else the agent wraps up."""
    conversation = state.conversations.get(command.conversation)
    if conversation is None:
        return no("unknown_conversation", command.conversation)
    if conversation.channel != "chat":
        return no("wrong_channel", conversation.id)
    item = state.items[conversation.item]
    left: list[e.Event] = [e.CustomerLeft(at=now, conversation=conversation.id)]
    match item.state:
        case "closed":
            return []
        case "active":
            return [*left, *ended(state, item, now)]
        case "wrapping":
            return left
        case "pending":
            return [*left, completed(item, now)]
        case "queued" | "reserved" | "stuck":
            return [*left, *abandoned(item, now)]
        case never:
            assert_never(never)


def mark_seen(state: State, command: c.MarkSeen, now: int) -> Decision:
    """One side's screen has shown messages up to here. It never goes back."""
    conversation = state.conversations.get(command.conversation)
    if conversation is None:
        return no("unknown_conversation", command.conversation)
    up_to = min(command.up_to, conversation.seq)
    if up_to <= conversation.shown(command.side):
        return []
    return [e.MessagesSeen(at=now, conversation=conversation.id, side=command.side, up_to=up_to)]
