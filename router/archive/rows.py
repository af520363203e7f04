"""From events to rows. Pure: no SQL, no I/O; the archiver writes what comes out, in one transaction per batch.

A `Chronicle` folds the log as every follower does and notes what each event adds to history. What it must
remember beside the state (which leg, visit or interval is the open one) lies in SQL too: `Open` is read back
from the rows that have no end yet.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Final, TypeAlias

import msgspec

from router.archive import limits
from router.core import events as e
from router.core.conversation import Conversation, Delivery
from router.core.evolve import evolve
from router.core.item import HELD, WorkItem
from router.core.presence import Presence
from router.core.state import Ref, State
from router.core.views import question_view
from router.wire.codec import Entry, Handled

Key: TypeAlias = tuple[str, tuple[Any, ...]]
"""A row: its table and the values of its primary key, in the order of the columns."""

Status: TypeAlias = tuple[str, str, str]
"""An agent's presence state, its reason, and their activity."""

_CENTRE_EVENTS: Final = (
    e.RecordPut,
    e.RecordDropped,
    e.AgentSkillChanged,
    e.AgentSkillsChanged,
    e.MembershipChanged,
    e.TemporaryEnded,
    e.CapacityChanged,
    e.AgentPhoneChanged,
    e.QueueClosed,
    e.QueueOpened,
)
_CentreEvent: TypeAlias = (
    e.RecordPut
    | e.RecordDropped
    | e.AgentSkillChanged
    | e.AgentSkillsChanged
    | e.MembershipChanged
    | e.TemporaryEnded
    | e.CapacityChanged
    | e.AgentPhoneChanged
    | e.QueueClosed
    | e.QueueOpened
)

_FORCED: Final = "ForcePresence"
_AUDITED_COMMANDS: Final = frozenset(
    {
        "AnswerQuestion",
        "RequeueItem",
        "RescindReservation",
        "TransferItem",
        "MoveItems",
        "SignOut",
        "RetryDelivery",
        _FORCED,
    }
)
"""Commands beside the centre's that a supervisor may give in an agent's place: who gave them is kept, and for each
item where it was before and after."""


class Row(msgspec.Struct, kw_only=True):
    """What to write of one row: all of it if it is `new`, else only what changed."""

    values: dict[str, Any]
    new: bool


class Open(msgspec.Struct, kw_only=True):
    """Keys of the rows that have no end yet: legs by item and agent, visits by item, intervals by agent with what they
    say."""

    legs: dict[tuple[str, str], int] = {}
    visits: dict[str, int] = {}
    intervals: dict[str, tuple[int, Status]] = {}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an item that was opened is about. `address` is the content that holds their name and address."""

    customer: str
    language: str
    address: str
    at_ms: int


class Batch(msgspec.Struct, kw_only=True):
    """The rows of one transaction, by key, the contents that its events name, and who contacted us. `moved` are the
    conversations that turned out to be somebody's else, with whose they are."""

    rows: dict[Key, Row]
    contents: list[str]
    callers: list[Caller]
    moved: dict[str, str] = {}

    def by_table(self) -> dict[str, list[tuple[tuple[Any, ...], Row]]]:
        """Rows grouped by table, in the order in which their events came."""
        tables: dict[str, list[tuple[tuple[Any, ...], Row]]] = {}
        for (table, key), row in self.rows.items():
            tables.setdefault(table, []).append((key, row))
        return tables


class Chronicle:
    """The state at the last event told, and the rows of the events told since `take` was last called.

    `closed` are the items that are over and still in memory.
    """

    def __init__(self, state: State, open: Open) -> None:
        self.state = state
        self._open = open
        self._rows: dict[Key, Row] = {}
        self._contents: dict[str, None] = {}
        self._callers: list[Caller] = []
        self._moved: dict[str, str] = {}
        self._changed: dict[Ref, WorkItem | Conversation | Delivery] = {}
        self.closed = {item.id: None for item in state.items.values() if item.state == "closed"}
        quiet(state)

    def tell(self, entry: Entry) -> None:
        """Apply all events of an entry and note their rows."""
        acts: dict[tuple[int, Ref], int] = {}
        for position, event, author in zip(count(entry.first), entry.events, _authors(entry), strict=False):
            item = getattr(event, "item", "")
            subject = _subject(event, author)
            before = self._place(subject)
            self._apply(position, event, author)
            if author is not None and author.kind in _AUDITED_COMMANDS:
                self._audit_act(acts, position, event, author, subject=subject, before=before)
            if item:
                self._add("stories", position, item=item, entry=entry.last)
        quiet(self.state)

    def take(self) -> Batch:
        """The rows since the last call: of a record that changed many times, only what it is now."""
        for (kind, id), record in self._changed.items():
            self._put(_TABLES[kind], (id,), _RECORD_ROWS[kind](record))
        batch = Batch(rows=self._rows, contents=list(self._contents), callers=self._callers, moved=self._moved)
        self._rows, self._contents, self._callers, self._changed, self._moved = {}, {}, [], {}, {}
        return batch

    def _apply(self, position: int, event: e.Event, author: Handled | None) -> None:
        item_id = getattr(event, "item", "")
        before = _stand(self.state.items.get(item_id))
        record = self._centre_record(event)
        self._keep_dropped(event)
        evolve(self.state, event)
        self._collect_changed()
        self._contents.update(dict.fromkeys(contents_of(event)))
        tell = _TELLERS.get(type(event))
        if tell is not None:
            tell(self, position, event)
        if isinstance(event, _CENTRE_EVENTS):
            self._audit_centre(position, event, record, author)
        if item_id:
            self._follow_item(position, event, before, _stand(self.state.items.get(item_id)))
        for agent in dict.fromkeys((getattr(event, "agent", ""), *before[1], *_record_agents(event))):
            if agent:
                self._follow_agent(position, event.at, agent)

    # -- rows -----------------------------------------------------------------------------------------------

    def _add(self, table: str, position: int, **values: Any) -> None:
        """A new row keyed by the position of its event."""
        self._rows[table, (position,)] = Row(values=values, new=True)

    def _put(self, table: str, key: tuple[Any, ...], values: dict[str, Any], *, new: bool = False) -> None:
        row = self._rows.get((table, key))
        if row is None:
            self._rows[table, key] = Row(values=values, new=new)
        else:
            row.values.update(values)

    def _collect_changed(self) -> None:
        for kind, id in self.state.touched:
            if kind in _TABLES:
                record = self.state.get((kind, id))
                if record is not None:
                    self._changed[kind, id] = record
        self.state.touched.clear()

    def _keep_dropped(self, event: e.Event) -> None:
        """A delivery may change and leave memory in one event; its row is made from the record it was."""
        if isinstance(event, e.DeliveryEnded):
            self._changed["delivery", event.delivery] = self.state.deliveries[event.delivery]

    # -- audit ----------------------------------------------------------------------------------------------

    def _centre_record(self, event: e.Event) -> Any:
        return self.state.get(_centre_ref(event)) if isinstance(event, _CENTRE_EVENTS) else None

    def _audit_centre(self, position: int, event: _CentreEvent, before: Any, author: Handled | None) -> None:
        ref = _centre_ref(event)
        after = self.state.get(ref)
        self._audit(position, event.at, author, ref, before=_json(before), after=_json(after))

    def _audit_act(
        self,
        acts: dict[tuple[int, Ref], int],
        position: int,
        event: e.Event,
        author: Handled,
        *,
        subject: Ref,
        before: Any,
    ) -> None:
        """One row for each thing that a command moved: from where it was before to where it is at its last event.

        `acts` are the rows of the entry so far, by command and subject.
        """
        after = self._place(subject)
        row = acts.get((author.command, subject))
        if row is not None:
            self._put("audit", (row,), {"after": after})
        elif subject[1]:
            acts[author.command, subject] = position
            self._audit(position, event.at, author, subject, before=before, after=after)

    def _place(self, subject: Ref) -> dict[str, str] | None:
        """Where an item is, or what an agent says, as people who look back want to see it."""
        record = self.state.get(subject)
        if isinstance(record, WorkItem):
            place = {"state": record.state, "queue": record.queue, "agent": record.agent, "only": record.only}
            return place | {f"question {one.id}": one.answer for one in record.questions}
        return {"state": record.state, "reason": record.reason} if isinstance(record, Presence) else None

    def _audit(self, position: int, at: int, author: Handled | None, ref: Ref, **change: Any) -> None:
        self._add(
            "audit",
            position,
            at_ms=at,
            by=author.by if author else "",
            correlation=author.correlation if author else "",
            command=author.kind if author else "",
            kind=ref[0],
            subject=ref[1],
            before=change.get("before"),
            after=change.get("after"),
        )

    # -- legs, visits, intervals ----------------------------------------------------------------------------

    def _follow_item(self, position: int, event: e.Event, before: "_Stand", after: "_Stand") -> None:
        """End and begin legs and visits by comparing where the item stood before and stands now."""
        item: str = getattr(event, "item", "")
        again = isinstance(event, e.ItemQueued)
        for agent in before[1]:
            if agent not in after[1]:
                self._end_leg(item, agent, event)
        for agent in after[1]:
            if agent not in before[1]:
                self._begin_leg(position, event, self.state.items[item], agent)
        if before[0] != after[0] or again:
            self._end_visit(item, event)
            if after[0]:
                self._begin_visit(position, event, item, after[0])

    def _begin_leg(self, position: int, event: e.Event, item: WorkItem, agent: str) -> None:
        reserved = isinstance(event, e.ReservationMade)
        self._open.legs[item.id, agent] = position
        self._add(
            "legs",
            position,
            item=item.id,
            queue=item.queue,
            agent=agent,
            reservation=event.reservation if isinstance(event, e.ReservationMade) else "",
            reserved_at_ms=event.at if reserved else None,
            accepted_at_ms=None if reserved else event.at,
            wrapping_at_ms=None,
            ended_at_ms=None,
            ended="",
        )

    def _end_leg(self, item: str, agent: str, event: e.Event) -> None:
        leg = self._open.legs.pop((item, agent), None)
        if leg is not None:
            self._put("legs", (leg,), {"ended_at_ms": event.at, "ended": _how(event)})

    def _begin_visit(self, position: int, event: e.Event, item: str, queue: str) -> None:
        self._open.visits[item] = position
        self._add(
            "queue_visits",
            position,
            item=item,
            queue=queue,
            entered_at_ms=event.at,
            left_at_ms=None,
            reason_in=_how(event),
            reason_out="",
        )

    def _end_visit(self, item: str, event: e.Event) -> None:
        visit = self._open.visits.pop(item, None)
        if visit is not None:
            self._put("queue_visits", (visit,), {"left_at_ms": event.at, "reason_out": _how(event)})

    def _follow_agent(self, position: int, at: int, agent: str) -> None:
        presence = self.state.presences.get(agent)
        status = (presence.state, presence.reason, self.state.activity(agent)) if presence else None
        began, was = self._open.intervals.get(agent, (0, None))
        if status == was:
            return
        if was is not None:
            self._put("agent_intervals", (began, agent), {"to_ms": at})
            del self._open.intervals[agent]
        if status is not None:
            self._open.intervals[agent] = (position, status)
            values = {"presence": status[0], "reason": status[1], "activity": status[2], "from_ms": at, "to_ms": None}
            self._put("agent_intervals", (position, agent), values, new=True)

    # -- what each kind of event tells ----------------------------------------------------------------------

    def _conversation_opened(self, _position: int, event: e.ConversationOpened) -> None:
        if not event.seq and not event.again:
            values = {"opened_at_ms": event.at, "split_from": event.split_from}
            self._put("conversations", (event.conversation,), values, new=True)

    def _conversation_merged(self, _position: int, event: e.ConversationMerged) -> None:
        self._put("conversations", (event.merged,), {"merged_into": event.conversation})

    def _conversation_unmerged(self, _position: int, event: e.ConversationUnmerged) -> None:
        self._put("conversations", (event.merged,), {"merged_into": ""})

    def _customer_linked(self, _position: int, event: e.CustomerLinked) -> None:
        """The whole conversation moves, with the items of it that have left memory."""
        item = self.state.items.get(event.item)
        self._moved[event.conversation or (item.conversation if item is not None else "")] = event.customer

    def _message_received(self, position: int, event: e.MessageReceived) -> None:
        self._message(position, event, side="customer")

    def _reply_sent(self, position: int, event: e.ReplySent) -> None:
        self._message(position, event, side="agent", agent=event.agent, delivery=event.delivery)
        if event.delivery:
            self._put("deliveries", (event.delivery,), {}, new=True)

    def _message(self, position: int, event: e.MessageReceived | e.ReplySent, **values: str) -> None:
        message = event.message
        self._add(
            "messages",
            position,
            conversation=event.conversation,
            seq=event.seq,
            id=message.id,
            item=event.item,
            content=message.content,
            natural_key=message.natural_key,
            automatic=message.automatic,
            at_ms=event.at,
            size=message.size,
            **({"agent": "", "delivery": ""} | values),
        )
        self._thread(position, event.conversation, message.thread_keys)

    def _thread(self, position: int, conversation: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._put("thread_keys", (key, conversation), {"position": position}, new=True)

    def _delivery_ended(self, position: int, event: e.DeliveryEnded) -> None:
        delivery = self._changed["delivery", event.delivery]
        assert isinstance(delivery, Delivery)
        self._thread(position, delivery.conversation, event.thread_keys)

    def _item_opened(self, _position: int, event: e.ItemOpened) -> None:
        self._put("items", (event.item,), {}, new=True)
        facts = event.facts
        if facts.customer:
            caller = Caller(
                customer=facts.customer,
                language="" if facts.guessed else facts.language,
                address=facts.address,
                at_ms=event.at,
            )
            self._callers.append(caller)

    def _consult_opened(self, position: int, event: e.ConsultOpened) -> None:
        self._put("items", (event.consult,), {}, new=True)
        self._said(position, event, kind="consulted", to_queue=event.queue, to_agent=event.to_agent)

    def _consult_answered(self, position: int, event: e.ConsultAnswered) -> None:
        self._said(position, event, kind="consult_answered")

    def _item_returned(self, position: int, event: e.ItemReturned) -> None:
        queues = {"from_queue": event.from_queue, "to_queue": event.to_queue}
        self._said(position, event, kind=event.kind, reason=event.reason, to_agent=event.prefers, **queues)

    def _said(self, position: int, event: e.ConsultOpened | e.ConsultAnswered | e.ItemReturned, **values: str) -> None:
        empty = {"reason": "", "from_queue": "", "to_queue": "", "to_agent": ""}
        more = {"item": event.item, "agent": event.agent, "at_ms": event.at, "content": event.note}
        self._add("notes", position, **(empty | more | values))

    def _item_closed(self, _position: int, event: e.ItemClosed) -> None:
        self.closed[event.item] = None

    def _items_forgotten(self, _position: int, event: e.ItemsForgotten) -> None:
        for item in event.items:
            self.closed.pop(item, None)

    def _reservation_accepted(self, _position: int, event: e.ReservationAccepted) -> None:
        self._put("legs", (self._open.legs[event.item, event.agent],), {"accepted_at_ms": event.at})

    def _wrap_up_started(self, _position: int, event: e.WrapUpStarted) -> None:
        self._put("legs", (self._open.legs[event.item, event.agent],), {"wrapping_at_ms": event.at})

    def _note_added(self, position: int, event: e.NoteAdded) -> None:
        self._note(position, event, kind="note", content=event.content)

    def _item_escalated(self, position: int, event: e.ItemEscalated) -> None:
        self._note(
            position,
            event,
            kind="escalated",
            content=event.note,
            reason=event.reason,
            from_queue=event.from_queue,
            to_queue=event.to_queue,
        )

    def _item_transferred(self, position: int, event: e.ItemTransferred) -> None:
        self._note(
            position,
            event,
            kind="transferred",
            content=event.note,
            from_queue=event.from_queue,
            to_queue=event.to_queue,
            to_agent=event.to_agent,
        )

    def _note(self, position: int, event: e.NoteAdded | e.ItemEscalated | e.ItemTransferred, **values: str) -> None:
        empty = {"reason": "", "from_queue": "", "to_queue": "", "to_agent": ""}
        self._add("notes", position, item=event.item, agent=event.agent, at_ms=event.at, **(empty | values))

    def _alarm_raised(self, position: int, event: e.AlarmRaised) -> None:
        self._add("alarms", position, at_ms=event.at, code=event.code, subject=event.subject, count=event.count)

    def _command_poisoned(self, position: int, event: e.CommandPoisoned) -> None:
        subject = f"{event.command}: {event.reason}"
        self._add("alarms", position, at_ms=event.at, code="command_poisoned", subject=subject, count=1)


_Stand: TypeAlias = tuple[str, tuple[str, ...]]
"""Where an item stands: the queue it waits in ('' if it does not wait), the agents who hold it."""

_TELLERS: Final[dict[type, Callable[[Chronicle, int, Any], None]]] = {
    e.ConversationOpened: Chronicle._conversation_opened,
    e.MessageReceived: Chronicle._message_received,
    e.ReplySent: Chronicle._reply_sent,
    e.DeliveryEnded: Chronicle._delivery_ended,
    e.ConversationMerged: Chronicle._conversation_merged,
    e.ConversationUnmerged: Chronicle._conversation_unmerged,
    e.CustomerLinked: Chronicle._customer_linked,
    e.ItemOpened: Chronicle._item_opened,
    e.ItemClosed: Chronicle._item_closed,
    e.ItemsForgotten: Chronicle._items_forgotten,
    e.ReservationAccepted: Chronicle._reservation_accepted,
    e.WrapUpStarted: Chronicle._wrap_up_started,
    e.NoteAdded: Chronicle._note_added,
    e.ItemEscalated: Chronicle._item_escalated,
    e.ItemReturned: Chronicle._item_returned,
    e.ConsultOpened: Chronicle._consult_opened,
    e.ConsultAnswered: Chronicle._consult_answered,
    e.ItemTransferred: Chronicle._item_transferred,
    e.AlarmRaised: Chronicle._alarm_raised,
    e.CommandPoisoned: Chronicle._command_poisoned,
}


def quiet(state: State) -> None:
    """Nobody matches or commits this state: forget who would have to be matched again and what was touched."""
    state.touched.clear()
    state.entered.clear()
    state.wake_classes.clear()
    state.wake_agents.clear()


def storable(value: Any) -> Any:
    """The value as both data bases take it: PostgreSQL knows no NUL in a text, neither knows larger integers.

    What was accepted must not stop history, however odd it is; the entry itself keeps it as it came.
    """
    if type(value) is str and "\0" in value:
        return value.replace("\0", "\ufffd")
    if type(value) is int and not -limits.INTEGER_MAX <= value <= limits.INTEGER_MAX:
        return limits.INTEGER_MAX if value > 0 else -limits.INTEGER_MAX
    return value


def contents_of(event: e.Event) -> tuple[str, ...]:
    """The ids of the contents that an event names: from then on they belong to history."""
    match event:
        case e.MessageReceived() | e.ReplySent():
            named: tuple[str, ...] = (event.message.content,)
        case e.ConversationOpened():
            named = (event.address,)
        case e.ItemOpened():
            named = (event.facts.attributes, event.facts.address)
        case e.ItemEscalated() | e.ItemTransferred() | e.ItemReturned() | e.ConsultOpened() | e.ConsultAnswered():
            named = (event.note,)
        case e.QuestionAsked() | e.QuestionAnswered():
            named = (event.note,)
        case e.NoteAdded():
            named = (event.content,)
        case e.CallbackAsked():
            named = (event.callback.number,)
        case _:
            named = ()
    return tuple(filter(None, named))


def _authors(entry: Entry) -> Iterator[Handled | None]:
    """For each event of the entry the command that it came from; None once the commands are told."""
    for handled in entry.handled:
        for _ in range(handled.events):
            yield handled
    while True:
        yield None


def _stand(item: WorkItem | None) -> _Stand:
    if item is None:
        return "", ()
    waits = item.state in {"queued", "reserved"}
    return item.queue if waits else "", item.holders if item.state in HELD else ()


def _how(event: e.Event) -> str:
    """In one word, why an item left an agent or a queue, or came (back) to it, by this event."""
    match event:
        case e.ItemQueued():
            return event.reason
        case e.ReservationEnded() | e.ItemClosed():
            return event.outcome
        case e.ReservationAccepted():
            return "accepted"
        case e.ItemPending():
            return "pending"
        case e.ItemStuck():
            return "stuck"
        case _:
            raise AssertionError(f"{type(event).__name__} moved an item")


def _centre_ref(event: _CentreEvent) -> Ref:
    match event:
        case e.RecordPut():
            return str(event.record.__struct_config__.tag), event.record.id
        case e.RecordDropped():
            return event.kind, event.id
        case e.QueueClosed() | e.QueueOpened():
            return "queue", event.queue
        case _:
            return "agent", event.agent


def _subject(event: e.Event, author: Handled | None) -> Ref:
    """What a supervisor's command was about, from one of its events."""
    if isinstance(event, e.DeliveryRetried):
        return ("delivery", event.delivery)
    if isinstance(event, e.PresenceChanged) and author is not None and author.kind == _FORCED:
        return ("presence", event.agent)
    return ("item", getattr(event, "item", ""))


def _record_agents(event: e.Event) -> tuple[str, ...]:
    if isinstance(event, e.RecordPut | e.RecordDropped):
        kind, id = _centre_ref(event)
        return (id,) if kind == "agent" else ()
    return ()


def _json(record: Any) -> Any:
    return None if record is None else msgspec.to_builtins(record)


def _item_row(item: WorkItem) -> dict[str, Any]:
    return _columns_of(item) | {
        "more": {name: value for name, value in _json(item).items() if name not in _WITH_COLUMN}
    }


def _columns_of(item: WorkItem) -> dict[str, Any]:
    return {
        "conversation": item.conversation,
        "channel": item.channel,
        "state": item.state,
        "queue": item.queue,
        "requirement": dict(item.requirement),
        "wishes": dict(item.wishes),
        "waited": item.waited,
        "prefers": item.prefers,
        "priority": item.priority,
        "language": item.language,
        "category": item.category,
        "customer": item.customer,
        "entry_point": item.entry_point,
        "rules": list(item.rules),
        "call": item.call,
        "attributes": item.attributes,
        "opened_at_ms": item.opened_at,
        "first_entered_at_ms": item.first_entered_at,
        "entered_at_ms": item.entered_at,
        "due_at_ms": item.due,
        "seq": item.seq,
        "only": item.only,
        "agent": item.agent,
        "last_agent": item.last_agent,
        "accepted_at_ms": item.accepted_at,
        "answered": item.answered,
        "held": item.held,
        "excepted": dict(item.barred),
        "expiries": item.expiries,
        "connect_failures": item.connect_failures,
        "escalations": item.escalations,
        "wrap_until_at_ms": item.wrap_until,
        "pending_until_at_ms": item.pending_until,
        "pending_reason": item.pending_reason,
        "kept_until_at_ms": item.kept_until,
        "disposition": item.disposition,
        "outcome": item.outcome,
        "related": item.related,
        "reopens": item.reopens,
        "reopen_count": item.reopen_count,
        "closed_at_ms": item.closed_at,
        "split_from": item.split_from,
        "counted": item.counted,
        "questions": [question_view(question) for question in item.questions],
        "consults": item.consults,
    }


def _column(field: str) -> str:
    """The column for a field of an item's record, if it has one of its own."""
    if field == "due" or field.endswith("_until"):
        return f"{field}_at_ms"
    return f"{field}_ms" if field.endswith("_at") else field


_WITH_COLUMN: Final = {"id", "reservation"} | {
    field
    for field in WorkItem.__struct_fields__
    if _column(field) in _columns_of(WorkItem(id="", conversation="", channel="email"))
}
"""Fields of an item's record that are not in `more`."""


def _conversation_row(conversation: Conversation) -> dict[str, Any]:
    return {
        "channel": conversation.channel,
        "reference": conversation.reference,
        "customer": conversation.customer,
        "language": conversation.language,
        "address": conversation.address,
        "item": conversation.item,
        "last_agent": conversation.last_agent,
        "seq": conversation.seq,
        "gone": conversation.gone,
    }


def _delivery_row(delivery: Delivery) -> dict[str, Any]:
    return {
        "conversation": delivery.conversation,
        "item": delivery.item,
        "message": delivery.message,
        "content": delivery.content,
        "channel": delivery.channel,
        "agent": delivery.agent,
        "state": delivery.state,
        "attempt": delivery.attempt,
        "code": delivery.code,
        "at_ms": delivery.at,
    }


_TABLES: Final = {"item": "items", "conversation": "conversations", "delivery": "deliveries"}

_RECORD_ROWS: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {
    "item": _item_row,
    "conversation": _conversation_row,
    "delivery": _delivery_row,
}
