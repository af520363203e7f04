"""Evolve: the only place where state changes. One small function per event; none of them decides anything.

An event that does not fit is a defect of ours (an assertion), never the customer's: the writer dies and the
command that caused it is set aside at its second try.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from queues.queue import Closed
from router.core import events as e
from router.core import limits
from router.core.agent import Agent, Temporary
from router.core.conversation import Conversation, Delivery
from router.core.item import Reservation, WorkItem
from router.core.presence import Presence
from router.core.reference import reference
from router.core.state import State
from router.core.transitions import EVENTS, follows


def evolve(state: State, event: e.Event) -> None:
    """Make `event` so. The refs of all changed records are added to `state.touched`."""
    _APPLY[type(event)](state, event)
    state.settle()


# -- the centre ---------------------------------------------------------------------------------------------


def _record_put(state: State, event: e.RecordPut) -> None:
    record = event.record
    kind = str(record.__struct_config__.tag)
    state.put(kind, record.id, record)
    _revise(state, record.revision)
    if isinstance(record, Agent) and record.id not in state.presences:
        state.put("presence", record.id, Presence(agent=record.id, since=event.at))


def _record_dropped(state: State, event: e.RecordDropped) -> None:
    state.drop(event.kind, event.id)
    state.edit_meta().revision += 1
    if event.kind == "agent":
        state.drop("presence", event.id)


def _agent_skill_changed(state: State, event: e.AgentSkillChanged) -> None:
    agent = state.agents[event.agent]
    if event.until is not None:
        _lend(state, agent, Temporary(until=event.until, skill=event.skill, level=event.level), event.revision)
        return
    levels = dict(agent.skills)
    levels.pop(event.skill, None)
    if event.level:
        levels[event.skill] = event.level
    kept = _lent_but(agent, (event.skill, ""))
    _replace_agent(state, agent, event.revision, skills=tuple(sorted(levels.items())), temporary=kept)


def _membership_changed(state: State, event: e.MembershipChanged) -> None:
    agent = state.agents[event.agent]
    if event.until is not None:
        lent = Temporary(until=event.until, queue=event.queue, membership=event.membership)
        _lend(state, agent, lent, event.revision)
        return
    memberships = dict(agent.memberships)
    memberships.pop(event.queue, None)
    if event.membership is not None:
        memberships[event.queue] = event.membership
    kept = _lent_but(agent, ("", event.queue))
    _replace_agent(state, agent, event.revision, memberships=memberships, temporary=kept)


def _temporary_ended(state: State, event: e.TemporaryEnded) -> None:
    agent = state.agents[event.agent]
    kept = _lent_but(agent, (event.skill, event.queue))
    _replace_agent(state, agent, event.revision, temporary=kept)


def _lend(state: State, agent: Agent, lent: Temporary, revision: int) -> None:
    _replace_agent(state, agent, revision, temporary=(*_lent_but(agent, lent.about), lent))


def _lent_but(agent: Agent, about: tuple[str, str]) -> tuple[Temporary, ...]:
    """What is temporary of the agent, without what is about this skill or queue."""
    return tuple(lent for lent in agent.temporary if lent.about != about)


def _queue_closed(state: State, event: e.QueueClosed) -> None:
    _replace_queue(state, event.queue, event.closed, event.revision)


def _queue_opened(state: State, event: e.QueueOpened) -> None:
    _replace_queue(state, event.queue, None, event.revision)


def _replace_queue(state: State, queue: str, closed: Closed | None, revision: int) -> None:
    record = msgspec.structs.replace(state.queues[queue], closed=closed, revision=revision)
    state.put("queue", queue, record)
    _revise(state, revision)


def _capacity_changed(state: State, event: e.CapacityChanged) -> None:
    agent = state.agents[event.agent]
    rooms = dict(agent.rooms)
    rooms.pop(event.channel, None)
    if event.room is not None:
        rooms[event.channel] = event.room
    _replace_agent(state, agent, event.revision, rooms=rooms, total=event.total)


def _agent_phone_changed(state: State, event: e.AgentPhoneChanged) -> None:
    _replace_agent(state, state.agents[event.agent], event.revision, phone=event.phone)


def _replace_agent(state: State, agent: Agent, revision: int, **changed: Any) -> None:
    state.put("agent", agent.id, msgspec.structs.replace(agent, revision=revision, **changed))
    _revise(state, revision)


def _revise(state: State, revision: int) -> None:
    if state.meta.revision < revision:
        state.edit_meta().revision = revision


# -- presence -----------------------------------------------------------------------------------------------


def _client_connected(state: State, event: e.ClientConnected) -> None:
    presence = state.edit_presence(event.agent)
    presence.clients[event.client] = event.gateway
    presence.lost_at = None


def _client_lost(state: State, event: e.ClientLost) -> None:
    presence = state.edit_presence(event.agent)
    del presence.clients[event.client]
    if not presence.clients:
        presence.lost_at = event.at


def _presence_changed(state: State, event: e.PresenceChanged) -> None:
    presence = state.edit_presence(event.agent)
    presence.state = event.state
    presence.reason = event.reason
    presence.since = event.at
    presence.next = ""
    if event.state == "offline":
        presence.lost_at = None
    elif not presence.clients and presence.lost_at is None:
        presence.lost_at = event.at
    if event.state == "available":
        presence.returned = ()
        _start_idling(state, event.agent, event.at)


def _not_ready_planned(state: State, event: e.NotReadyPlanned) -> None:
    state.edit_presence(event.agent).next = event.reason


def _start_idling(state: State, agent: str, at: int) -> None:
    """Longest idle counts from here: the agent became available, or is done with an item."""
    if agent in state.presences:
        presence = state.edit_presence(agent)
        presence.idle_since = at
        presence.idle_seq = _next_seq(state)


def _next_seq(state: State) -> int:
    meta = state.edit_meta()
    meta.seq += 1
    return meta.seq


# -- conversations and messages -----------------------------------------------------------------------------


def _conversation_opened(state: State, event: e.ConversationOpened) -> None:
    conversation = Conversation(
        id=event.conversation,
        channel=event.channel,
        customer=event.customer,
        language=event.language,
        address=event.address,
        seq=event.seq,
        reference=event.reference,
    )
    state.put("conversation", event.conversation, conversation)
    if event.reference == reference(state.meta.reference + 1):
        state.edit_meta().reference += 1


def _message_received(state: State, event: e.MessageReceived) -> None:
    _add_message(state, event)
    state.conversations[event.conversation].gone = False


def _reply_sent(state: State, event: e.ReplySent) -> None:
    conversation = _add_message(state, event)
    conversation.last_agent = event.agent
    if event.delivery:
        conversation.deliveries = (*conversation.deliveries, event.delivery)
        delivery = Delivery(
            id=event.delivery,
            conversation=event.conversation,
            item=event.item,
            message=event.message.id,
            content=event.message.content,
            channel=event.channel,
            agent=event.agent,
            at=event.at,
        )
        state.put("delivery", event.delivery, delivery)


def _add_message(state: State, event: e.MessageReceived | e.ReplySent) -> Conversation:
    conversation = state.edit_conversation(event.conversation)
    conversation.seq = event.seq
    message = event.message
    _add_thread_keys(conversation, message.thread_keys)
    if message.natural_key:
        keys = (*conversation.natural_keys, message.natural_key)
        conversation.natural_keys = keys[-limits.MESSAGES_KEYS_KEPT_MAX :]
    return conversation


def _add_thread_keys(conversation: Conversation, keys: tuple[str, ...]) -> None:
    new = tuple(key for key in keys if key not in conversation.thread_keys)
    if new:
        conversation.thread_keys = (*conversation.thread_keys, *new)[-limits.MESSAGES_KEYS_KEPT_MAX :]


def _messages_seen(state: State, event: e.MessagesSeen) -> None:
    state.edit_conversation(event.conversation).seen[event.side] = event.up_to


def _customer_left(state: State, event: e.CustomerLeft) -> None:
    state.edit_conversation(event.conversation).gone = True


def _delivery_started(state: State, event: e.DeliveryStarted) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = "sending"
    delivery.attempt = event.attempt
    delivery.at = event.at


def _delivery_ended(state: State, event: e.DeliveryEnded) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = event.state
    delivery.code = event.code
    delivery.at = event.at
    if delivery.conversation in state.conversations:
        _add_thread_keys(state.edit_conversation(delivery.conversation), event.thread_keys)
    elif event.state == "sent":
        state.drop("delivery", event.delivery)


def _delivery_retried(state: State, event: e.DeliveryRetried) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = "queued"
    delivery.agent = event.agent
    delivery.at = event.at


# -- items --------------------------------------------------------------------------------------------------


def _item_opened(state: State, event: e.ItemOpened) -> None:
    facts = event.facts
    item = WorkItem(
        id=event.item,
        conversation=event.conversation,
        channel=event.channel,
        language=facts.language,
        category=facts.category,
        customer=facts.customer,
        entry_point=facts.entry_point,
        attributes=facts.attributes,
        call=event.call,
        reopens=event.reopens,
        reopen_count=event.reopen_count,
        last_agent=event.last_agent,
        related=event.related,
        opened_at=event.at,
        first_entered_at=event.at,
    )
    state.put("item", event.item, item)
    state.edit_conversation(event.conversation).item = event.item


def _item_queued(state: State, event: e.ItemQueued) -> None:
    item = _move(state, event.item, event)
    if item.agent:
        _tell_returned(state, item, event)
    _leave_agent(state, item, event.at)
    item.queue = event.queue
    item.requirement = event.requirement
    item.priority = event.priority
    item.due = event.due
    item.seq = event.seq
    item.only = event.only
    item.entered_at = event.at
    item.agent = ""
    item.accepted_at = None
    item.answered = item.held = False
    item.expiries = item.connect_failures = 0
    item.wrap_until = item.pending_until = None
    item.pending_reason = ""
    item.kept_until = None
    if event.only:
        item.excepted.pop(event.only, None)
    if event.reason == "requeued":
        item.excepted = {}
    meta = state.edit_meta()
    meta.seq = max(meta.seq, event.seq)


def _tell_returned(state: State, item: WorkItem, event: e.ItemQueued) -> None:
    """Remember for its agent, if they were not there, that the item was taken from them."""
    presence = state.presences.get(item.agent)
    if presence is not None and (event.reason == "absent" or not presence.clients):
        presence = state.edit_presence(item.agent)
        presence.returned = (*presence.returned, item.id)[-limits.RETURNED_KEPT_MAX :]


def _reservation_made(state: State, event: e.ReservationMade) -> None:
    item = _move(state, event.item, event)
    item.agent = event.agent
    item.reservation = Reservation(
        id=event.reservation, agent=event.agent, made_at=event.at, expires_at=event.expires_at
    )
    state.edit_meta().reservation += 1


def _reservation_accepted(state: State, event: e.ReservationAccepted) -> None:
    item = _move(state, event.item, event)
    item.accepted_at = event.at
    item.last_agent = event.agent
    item.expiries = 0


def _reservation_ended(state: State, event: e.ReservationEnded) -> None:
    item = _move(state, event.item, event)
    item.agent = ""
    item.reservation = None
    item.accepted_at = None
    if event.excepted_until:
        _except(item, event.agent, event.excepted_until)
    if event.outcome == "expired":
        item.expiries += 1


def _except(item: WorkItem, agent: str, until: int) -> None:
    """Bar the agent from the item; beyond the limit the bar that ends first makes room."""
    if len(item.excepted) >= limits.EXCEPTIONS_MAX and agent not in item.excepted:
        timed = [(at, other) for other, at in item.excepted.items() if at]
        if not timed:
            return
        del item.excepted[min(timed)[1]]
    item.excepted[agent] = until


def _exceptions_lapsed(state: State, event: e.ExceptionsLapsed) -> None:
    item = state.edit_item(event.item)
    for agent in event.agents:
        item.excepted.pop(agent, None)


def _call_answered(state: State, event: e.CallAnswered) -> None:
    state.edit_item(event.item).answered = True


def _call_held(state: State, event: e.CallHeld) -> None:
    state.edit_item(event.item).held = event.held


def _connect_failed(state: State, event: e.ConnectFailed) -> None:
    state.edit_item(event.item).connect_failures = event.count


def _item_escalated(state: State, event: e.ItemEscalated) -> None:
    item = state.edit_item(event.item)
    item.escalations += 1
    item.excepted.pop(event.agent, None)
    if len(item.excepted) >= limits.EXCEPTIONS_MAX:
        del item.excepted[next(iter(item.excepted))]
    item.excepted[event.agent] = 0


def _item_transferred(state: State, event: e.ItemTransferred) -> None:
    state.edit_item(event.item)


def _item_pending(state: State, event: e.ItemPending) -> None:
    item = _move(state, event.item, event)
    _free(state, item, event.at)
    item.accepted_at = None
    item.pending_until = event.until
    item.pending_reason = event.reason
    item.wrap_until = None


def _item_resumed(state: State, event: e.ItemResumed) -> None:
    item = _move(state, event.item, event)
    item.accepted_at = event.at
    item.pending_until = None
    item.pending_reason = ""


def _item_reopened(state: State, event: e.ItemReopened) -> None:
    item = state.edit_item(event.item)
    item.reopen_count += event.reason == "customer"


def _wrap_up_started(state: State, event: e.WrapUpStarted) -> None:
    item = _move(state, event.item, event)
    item.wrap_until = event.until
    item.held = False


def _wrap_up_extended(state: State, event: e.WrapUpExtended) -> None:
    _move(state, event.item, event).wrap_until = None


def _item_kept(state: State, event: e.ItemKept) -> None:
    state.edit_item(event.item).kept_until = event.until


def _note_added(state: State, event: e.NoteAdded) -> None:
    state.edit_item(event.item)


def _category_changed(state: State, event: e.CategoryChanged) -> None:
    state.edit_item(event.item).category = event.category


def _outcome_changed(state: State, event: e.OutcomeChanged) -> None:
    state.edit_item(event.item).disposition = event.disposition


def _customer_linked(state: State, event: e.CustomerLinked) -> None:
    item = state.edit_item(event.item)
    item.customer = event.customer
    state.edit_conversation(item.conversation).customer = event.customer


def _item_stuck(state: State, event: e.ItemStuck) -> None:
    _move(state, event.item, event)


def _item_closed(state: State, event: e.ItemClosed) -> None:
    item = _move(state, event.item, event)
    _leave_agent(state, item, event.at)
    item.closed_at = event.at
    item.kept_until = None
    item.outcome = event.outcome
    item.disposition = event.disposition
    if event.category:
        item.category = event.category


def _items_forgotten(state: State, event: e.ItemsForgotten) -> None:
    for id in event.items:
        conversation = state.conversations.get(state.items[id].conversation)
        state.drop("item", id)
        if conversation is not None and conversation.item == id:
            state.drop("conversation", conversation.id)
            for delivery in conversation.deliveries:
                if delivery in state.deliveries and state.deliveries[delivery].state == "sent":
                    state.drop("delivery", delivery)


def _move(state: State, id: str, event: e.Event) -> WorkItem:
    """The item, in the state that the table says `event` leads to."""
    item = state.edit_item(id)
    assert follows(type(event), item.state), f"{type(event).__name__} on {id}, which is {item.state}"
    _remember(item)
    item.state = EVENTS[type(event)][1]
    return item


def _remember(item: WorkItem) -> None:
    """Keep who accepted it: the last agent is preferred when it comes back."""
    if item.agent and item.accepted_at is not None:
        item.last_agent = item.agent


def _leave_agent(state: State, item: WorkItem, at: int) -> None:
    """The item is its agent's no more."""
    _free(state, item, at)
    item.reservation = None


def _free(state: State, item: WorkItem, at: int) -> None:
    if item.agent and item.accepted_at is not None:
        _start_idling(state, item.agent, at)


def _nothing(state: State, event: e.Event) -> None:
    """A fact for people and the archive; no record changes."""


_APPLY: dict[type, Callable[[State, Any], None]] = {
    e.RecordPut: _record_put,
    e.RecordDropped: _record_dropped,
    e.AgentSkillChanged: _agent_skill_changed,
    e.MembershipChanged: _membership_changed,
    e.CapacityChanged: _capacity_changed,
    e.AgentPhoneChanged: _agent_phone_changed,
    e.ClientConnected: _client_connected,
    e.ClientLost: _client_lost,
    e.PresenceChanged: _presence_changed,
    e.NotReadyPlanned: _not_ready_planned,
    e.TemporaryEnded: _temporary_ended,
    e.QueueClosed: _queue_closed,
    e.QueueOpened: _queue_opened,
    e.WrapUpExtended: _wrap_up_extended,
    e.ItemKept: _item_kept,
    e.OutcomeChanged: _outcome_changed,
    e.CustomerLinked: _customer_linked,
    e.ConversationOpened: _conversation_opened,
    e.MessageReceived: _message_received,
    e.ReplySent: _reply_sent,
    e.MessagesSeen: _messages_seen,
    e.CustomerLeft: _customer_left,
    e.DeliveryStarted: _delivery_started,
    e.DeliveryEnded: _delivery_ended,
    e.DeliveryRetried: _delivery_retried,
    e.ItemOpened: _item_opened,
    e.ItemQueued: _item_queued,
    e.ReservationMade: _reservation_made,
    e.ReservationAccepted: _reservation_accepted,
    e.ReservationEnded: _reservation_ended,
    e.ExceptionsLapsed: _exceptions_lapsed,
    e.CallAnswered: _call_answered,
    e.CallHeld: _call_held,
    e.ConnectFailed: _connect_failed,
    e.ItemEscalated: _item_escalated,
    e.ItemTransferred: _item_transferred,
    e.ItemPending: _item_pending,
    e.ItemResumed: _item_resumed,
    e.ItemReopened: _item_reopened,
    e.WrapUpStarted: _wrap_up_started,
    e.NoteAdded: _note_added,
    e.CategoryChanged: _category_changed,
    e.ItemStuck: _item_stuck,
    e.ItemClosed: _item_closed,
    e.ItemsForgotten: _items_forgotten,
    e.AlarmRaised: _nothing,
    e.CommandPoisoned: _nothing,
}
