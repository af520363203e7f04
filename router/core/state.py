"""The state of a domain: its records, and what is derived from them.

State is exactly the union of records: `load` of the records equals the fold of the log. Only `evolve` changes
it, always in the same way: ask `edit_*` for a record (which takes it out of the derived indexes), change it,
and `settle` (which puts it back and notes who must be matched again). Everybody else only reads.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from queues.calendar import Calendar
from queues.capacity import fits
from queues.category import Category, Code
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours
from queues.queue import Queue
from queues.rule import Rule
from queues.team import Membership, Team
from router.core import limits
from router.core.agent import Agent
from router.core.ask import Ask, Raw
from router.core.capacity import counted, mixed
from router.core.classes import Wait
from router.core.conversation import Conversation, Delivery
from router.core.crews import Crews
from router.core.deadlines import Deadlines
from router.core.due import DUE, item_due
from router.core.item import HELD, Callback, WorkItem
from router.core.keys import Keys
from router.core.meta import Meta
from router.core.pace import Pace
from router.core.placing import Placing, raw
from router.core.presence import Activity, Presence
from skills import Profile, Skill

Ref: TypeAlias = tuple[str, str]
"""A record: kind and id."""

Held: TypeAlias = tuple[str, str, bool, tuple[str, ...], bool]
"""How an item is an agent's: who, the channel, whether it is held (or only waits with them), for which others it is
held too, and whether it is silent."""

META: Final[Ref] = ("meta", "meta")
CENTRE_KINDS = ("skill", "hours", "queue", "team", "category", "code", "entry_point", "rule", "endpoint", "agent")
"""Kinds that supervisors edit, in an order in which each may name only earlier ones (categories and queues aside)."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class State:
    """Records by kind, and the indexes made from them. Build with `load` or `State()`; change with `evolve`."""

    def __init__(self, *, routing: bool = True, explaining: bool = True) -> None:
        """`routing`: whether anybody will match here. Followers of the log do not, and keep no idle lines.
        `explaining`: whether each reservation says why; simulations do without."""
        self.routing = routing
        self.explaining = explaining
        self.skills: dict[str, Skill] = {}
        self.teams: dict[str, Team] = {}
        self.queues: dict[str, Queue] = {}
        self.categories: dict[str, Category] = {}
        self.codes: dict[str, Code] = {}
        self.hours: dict[str, Hours] = {}
        self.entry_points: dict[str, EntryPoint] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.rules: dict[str, Rule] = {}
        self.agents: dict[str, Agent] = {}
        self.calendars: dict[str, Calendar] = {}
        self.presences: dict[str, Presence] = {}
        self.items: dict[str, WorkItem] = {}
        self.conversations: dict[str, Conversation] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.paces: dict[str, Pace] = {}
        self.meta = Meta()
        self.metas: dict[str, Meta] = {"meta": self.meta}
        self._tables: dict[str, dict[str, Any]] = {
            "skill": self.skills,
            "team": self.teams,
            "queue": self.queues,
            "category": self.categories,
            "code": self.codes,
            "hours": self.hours,
            "entry_point": self.entry_points,
            "endpoint": self.endpoints,
            "rule": self.rules,
            "agent": self.agents,
            "calendar": self.calendars,
            "presence": self.presences,
            "item": self.items,
            "conversation": self.conversations,
            "delivery": self.deliveries,
            "pace": self.paces,
            "meta": self.metas,
        }
        self.calls: dict[str, str] = {}
        self.callbacks: dict[str, None] = {}
        self.keys = Keys()
        self.threads, self.references, self.naturals = self.keys.threads, self.keys.references, self.keys.naturals
        self.holds: dict[str, dict[str, str]] = {}
        self.quiet: dict[str, dict[str, None]] = {}
        self.parked: dict[str, dict[str, None]] = {}
        self.unsettled: dict[str, None] = {}
        self.followed: dict[str, dict[str, None]] = {}
        self.deadlines = Deadlines()
        self.touched: dict[Ref, None] = {}
        self.entered: dict[str, None] = {}
        self._edited: dict[Ref, Held | None] = {}
        self._moved: dict[str, None] = {}
        self._crews: Crews | None = None
        self._resolves: dict[str, dict[str, int]] = {}
        self.placing = Placing(self)
        self.lines = self.placing.lines
        self.wake_classes = self.placing.wake_classes
        self.wake_agents = self.placing.wake_agents
        self.stand_down = self.placing.stand_down

    # -- reading --------------------------------------------------------------------------------------------

    @property
    def crews(self) -> Crews:
        """Who is on shift, by kind; kept up from the first time on that somebody asks."""
        if self._crews is None:
            self._crews = Crews(self)
        return self._crews

    def table(self, kind: str) -> dict[str, Any]:
        """All records of a kind by id. Raises KeyError for an unknown kind."""
        return self._tables[kind]

    def kinds(self) -> Iterable[str]:
        """Every kind of record there is."""
        return self._tables.keys()

    def size(self) -> int:
        """How many records there are."""
        return sum(map(len, self._tables.values()))

    def get(self, ref: Ref) -> Any:
        """The record with this ref, or None."""
        return self._tables[ref[0]].get(ref[1])

    def memberships(self, agent: Agent) -> dict[str, Membership]:
        """Which queues an agent serves and how: those of their teams, then their own, which win."""
        found: dict[str, Membership] = {}
        for team in agent.teams:
            if team in self.teams:
                found.update(self.teams[team].memberships)
        found.update(agent.memberships)
        for lent in agent.temporary:
            if lent.queue and lent.membership is not None:
                found[lent.queue] = lent.membership
            elif lent.queue:
                found.pop(lent.queue, None)
        return found

    def skills_of(self, agent: Agent) -> Profile:
        """What an agent can do now: what they have for good, under what is temporary."""
        if not any(lent.skill for lent in agent.temporary):
            return agent.skills
        levels = dict(agent.skills) | {lent.skill: lent.level for lent in agent.temporary if lent.skill}
        return tuple(sorted((skill, level) for skill, level in levels.items() if level))

    def room(self, agent: Agent, channel: str) -> bool:
        """Whether the agent can hold one more item of this channel (reserved ones count)."""
        if len(self.holds.get(agent.id, ())) >= limits.HELD_MAX:
            return False
        return fits(agent.rooms, agent.total, counted(self, agent.id), channel)

    def theirs(self, agent: str) -> tuple[str, ...]:
        """The items that are an agent's: what they hold, then what they have pending."""
        return (*self.holds.get(agent, ()), *self.parked.get(agent, ()))

    def asked(self, item: WorkItem) -> Ask:
        """What an item asks now, or would ask if it waited where it last did."""
        found = self.lines.class_of(item.id)
        return found.key if found is not None else self.placing.ask(raw(item))

    def named_for(self, agent: str) -> list[WorkItem]:
        """The items that wait for this agent by name."""
        return [self.items[id] for found in self.lines.only_for(agent) if not found.alone for _, _, id in found.line]

    def activity(self, agent: str) -> Activity:
        """What the system has the agent do: the most pressing state among what they hold."""
        states = {self.items[item].state for item in self.holds.get(agent, ())}
        if "active" in states:
            return "handling"
        if "reserved" in states:
            return "reserved"
        return "wrapping" if "wrapping" in states else "idle"

    def records(self) -> Iterable[tuple[Ref, Any]]:
        """Every record, by kind and then by id."""
        for kind, table in self._tables.items():
            for id in sorted(table):
                yield (kind, id), table[id]

    def digest(self) -> str:
        """What the state is, in 16 hex digits: equal for equal records, whatever way they came about."""
        sum = hashlib.blake2b(digest_size=8)
        for (kind, id), record in self.records():
            sum.update(f"{kind}/{id}\n".encode())
            sum.update(_encode(record))
        return sum.hexdigest()

    # -- changing: for evolve only --------------------------------------------------------------------------

    def edit_item(self, item: str) -> WorkItem:
        """The item, out of the indexes, to be changed."""
        record = self.items[item]
        ref = ("item", item)
        if ref not in self._edited:
            self.touched[ref] = None
            self._edited[ref] = _held(record)
            if record.state == "queued":
                self.lines.leave((record.due, record.seq, item))
        return record

    def set_followers(self, item: WorkItem, followers: tuple[str, ...]) -> None:
        """These agents follow the item, which is being edited, from here on, and no others."""
        for agent in item.followers:
            del self.followed[agent][item.id]
            if not self.followed[agent]:
                del self.followed[agent]
        for agent in followers:
            self.followed.setdefault(agent, {})[item.id] = None
        item.followers = followers

    def enters(self, item: WorkItem) -> None:
        """Note that the item is new in its queue: if that has a maximum, it may turn out to be one too many."""
        queue = self.queues.get(item.queue)
        if self.routing and queue is not None and queue.waiting_max is not None:
            self.entered[item.id] = None

    def set_callback(self, item: WorkItem, callback: Callback) -> None:
        """The customer of this item, which is being changed, is to be called like this."""
        self._unindex_calls(item)
        item.callback = callback
        self._index_calls(item)

    def edit_presence(self, agent: str) -> Presence:
        """The agent's presence, to be changed."""
        self._take(("presence", agent))
        self._moved[agent] = None
        return self.presences[agent]

    def tally(self, agent: str) -> Presence:
        """The agent's presence, for what it counts to be changed: that moves only who idles."""
        self.touched[("presence", agent)] = None
        if self.lines.idling(agent) is not None:
            self._moved[agent] = None
        return self.presences[agent]

    def edit_conversation(self, conversation: str) -> Conversation:
        """The conversation, out of the indexes, to be changed."""
        record = self.conversations[conversation]
        if self._take(("conversation", conversation)):
            self.keys.remove(record)
        return record

    def edit_delivery(self, delivery: str) -> Delivery:
        """The delivery, to be changed."""
        self.touched[("delivery", delivery)] = None
        return self.deliveries[delivery]

    def edit_pace(self, pace: str) -> Pace:
        """What is known of a queue and channel, to be changed."""
        self.touched[("pace", pace)] = None
        return self.paces[pace]

    def edit_meta(self) -> Meta:
        """The counters, to be changed."""
        self.touched[META] = None
        return self.meta

    def put(self, kind: str, id: str, record: Any) -> None:
        """A new record, or another value for one of the centre's."""
        old = self._tables[kind].get(id)
        if old is not None:
            self._unindex(kind, old)
        if kind == "item":
            self._index_calls(record)
        self._take((kind, id))
        self._tables[kind][id] = record

    def drop(self, kind: str, id: str) -> None:
        """A record leaves."""
        self._unindex(kind, self._tables[kind].pop(id))
        self._take((kind, id))

    def settle(self) -> None:
        """Put everything that was changed back into the indexes, and note who must be matched again."""
        while self._edited:
            ref, before = self._edited.popitem()
            if ref[0] == "item":
                self._settle_item(ref, before)
            else:
                _SETTLE[ref[0]](self, ref, before)
        if self.routing:
            for agent in self._moved:
                self.placing.place(agent)
                if mixed(self, agent):
                    self.unsettled[agent] = None
        if self._crews is not None:
            self._crews.note(self._moved)
        self._moved.clear()

    def _settle_item(self, ref: Ref, before: Held | None) -> None:
        """An item goes back where it belongs; its agent is placed anew only if they hold it otherwise than before."""
        item = self.items.get(ref[1])
        if item is None:
            self.deadlines.set(ref, None)
            return
        self.deadlines.set(ref, item_due(self, item))
        now = _held(item)
        if before != now:
            if before is not None:
                self._let_go(item.id, before)
            if now is not None:
                self._hold(item.id, now)
        elif now is not None and now[2] and mixed(self, item.agent):
            self.unsettled[item.agent] = None
        if item.state == "queued" and item.queue:
            self.placing.wait(item)

    def _settle_timed(self, ref: Ref, before: Held | None) -> None:
        record = self.get(ref)
        self.deadlines.set(ref, DUE[ref[0]](self, record) if record is not None else None)

    def _settle_agent(self, ref: Ref, before: Held | None) -> None:
        self._settle_timed(ref, before)
        agent = self.agents.get(ref[1])
        if agent is not None:
            self._index_agent(agent)
        self._moved[ref[1]] = None

    def _settle_indexed(self, ref: Ref, before: Held | None) -> None:
        record = self.get(ref)
        if record is not None:
            _INDEX[ref[0]](self, record)

    def _hold(self, item: str, held: Held) -> None:
        agent, channel, live, rivals, silent = held
        if not live:
            self.parked.setdefault(agent, {})[item] = None
            return
        for holder in (agent, *rivals):
            self.holds.setdefault(holder, {})[item] = channel
            self._moved[holder] = None
        if silent:
            self.quiet.setdefault(agent, {})[item] = None

    def _let_go(self, item: str, held: Held) -> None:
        agent, _, live, rivals, silent = held
        if not live:
            self.parked[agent].pop(item)
            return
        for holder in (agent, *rivals):
            _drop(self.holds, holder, item)
            self._moved[holder] = None
        if silent:
            _drop(self.quiet, agent, item)

    # -- loading --------------------------------------------------------------------------------------------

    def fill(self, records: Iterable[tuple[Ref, Any]]) -> Iterator[None]:
        """Take in all the records of an empty state. It is whole when this ends; at each yield its caller may do
        something else for a moment, since a big state takes seconds.

        Lines and deadlines are sorted once at the end: adding one by one costs three times as much.
        """
        waiting: dict[Raw, list[Wait]] = {}
        for number, ((kind, id), record) in enumerate(records, 1):
            self._tables[kind][id] = record
            if kind == "item":
                for agent in record.followers:
                    self.followed.setdefault(agent, {})[id] = None
                self._fill_item(record, waiting)
            elif kind == "conversation":
                self.keys.add(record)
            elif kind == "meta":
                self.meta = record
            if number % limits.FILL_STEP_RECORDS == 0:
                yield
        yield from self.placing.place_all(waiting)
        self._moved.clear()
        self.deadlines.set_all(
            ((kind, id), at)
            for kind, due in DUE.items()
            for id, record in self._tables[kind].items()
            if (at := due(self, record)) is not None
        )

    def _fill_item(self, item: WorkItem, waiting: dict[Raw, list[Wait]]) -> None:
        if item.state != "queued" or not item.queue:
            self._index_item(item)
            return
        self._index_calls(item)
        waiting.setdefault(raw(item), []).append((item.due, item.seq, item.id))

    # -- indexes --------------------------------------------------------------------------------------------

    def _take(self, ref: Ref) -> bool:
        if ref in self._edited:
            return False
        self.touched[ref] = None
        if ref[0] in _SETTLE:
            self._edited[ref] = None
        return True

    def _unindex(self, kind: str, record: Any) -> None:
        if kind == "item":
            self._unindex_item(record)
        elif kind == "conversation":
            self.keys.remove(record)
        elif kind == "agent":
            self._index_agent(record)
        elif kind == "team":
            self._index_team(record)

    def _index_item(self, item: WorkItem) -> None:
        """An item that was just opened has no queue yet and waits nowhere."""
        self._index_calls(item)
        if item.state == "queued" and item.queue:
            self.placing.wait(item)
        elif (held := _held(item)) is not None:
            self._hold(item.id, held)

    def _index_calls(self, item: WorkItem) -> None:
        """The call as which it came in, and the one by which its customer is called back."""
        if item.call:
            self.calls[item.call] = item.id
        if item.callback is not None:
            self.callbacks[item.id] = None
            if item.callback.call:
                self.calls[item.callback.call] = item.id

    def _unindex_calls(self, item: WorkItem) -> None:
        for call in (item.call, item.callback.call if item.callback is not None else ""):
            if call and self.calls.get(call) == item.id:
                del self.calls[call]
        self.callbacks.pop(item.id, None)

    def _unindex_item(self, item: WorkItem) -> None:
        self._unindex_calls(item)
        if item.state == "queued":
            self.lines.leave((item.due, item.seq, item.id))
        elif (held := _held(item)) is not None:
            self._let_go(item.id, held)

    def _index_conversation(self, conversation: Conversation) -> None:
        self.keys.add(conversation)

    def queue_rules_changed(self, queue: str) -> None:
        """What a queue asks, or who serves it when, may have changed: what waits in it is placed anew."""
        self.placing.queue_edited(queue)
        for item in self.lines.waiting_in(queue):
            self.deadlines.set(("item", item), item_due(self, self.items[item]))
        for parked in self.parked.values():
            for item in parked:
                if self.items[item].queue == queue:
                    self.deadlines.set(("item", item), item_due(self, self.items[item]))

    def _index_queue(self, queue: Queue) -> None:
        self.queue_rules_changed(queue.id)
        if self._resolves.get(queue.id, {}) != queue.resolve_ms:
            self._resolves[queue.id] = queue.resolve_ms
            for item in self.items.values():
                if item.queue == queue.id:
                    self.deadlines.set(("item", item.id), item_due(self, item))

    def _index_team(self, team: Team) -> None:
        for agent in self.agents.values():
            if team.id in agent.teams:
                self._index_agent(agent)

    def _index_agent(self, agent: Agent) -> None:
        self.placing.agent_edited(agent.id)
        self._moved[agent.id] = None


def _held(item: WorkItem) -> Held | None:
    """How an item is its agent's; None when it is nobody's."""
    phase = item.state
    if phase in HELD:
        rivals = tuple(held.agent for held in item.rivals) if item.rivals else ()
        return (item.agent, item.channel, True, rivals, item.silent)
    return (item.agent, item.channel, False, (), False) if phase == "pending" and item.agent else None


def _drop(index: dict[str, dict[str, Any]], agent: str, item: str) -> None:
    """The item is none of the agent's in this index; who has none any more is not in it."""
    theirs = index[agent]
    del theirs[item]
    if not theirs:
        del index[agent]


_INDEX: Final[dict[str, Callable[[State, Any], None]]] = {
    "conversation": State._index_conversation,
    "queue": State._index_queue,
    "team": State._index_team,
}
"""How a record goes back into the indexes."""

_SETTLE: Final[dict[str, Callable[[State, Ref, Held | None], None]]] = {
    "item": State._settle_item,
    "presence": State._settle_timed,
    "agent": State._settle_agent,
    "calendar": State._settle_timed,
    **dict.fromkeys(_INDEX, State._settle_indexed),
}
"""What is done with a record that was changed, for the kinds that stand in any index or wait for time."""


def load(records: Iterable[tuple[Ref, Any]], *, routing: bool = True) -> State:
    """The state that these records are. Everybody is matched again: a settled state has nothing to match."""
    state = State(routing=routing)
    for _ in state.fill(records):
        pass
    return state
