"""Rules that the log alone must keep: its chain, who holds what, room, states, order, timers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from router.core import events as e
from router.simulate.evidence import Evidence, Seen
from router.simulate.loop import SimClock
from router.simulate.world import ROOMS
from router.wire.codec import digest

LATE_MS_MAX = 2_000  # how late a timer may fire while nothing is broken
SETTLED_S = 15.0  # after faults have ended, until nothing is late any more


def chain(evidence: Evidence) -> Iterator[str]:
    """Positions are dense, digests chain, epochs and instants never go back."""
    position, before, epoch, at = 0, "", 0, 0
    for entry, kept in evidence.log:
        if entry.first != position + 1 or entry.last - entry.first + 1 != len(entry.events):
            yield f"hole: {entry.first} to {entry.last} after {position}"
        if entry.before != before or digest(before, kept.data) != kept.digest:
            yield f"another history at {entry.last}"
        if entry.epoch < epoch or entry.at < at:
            yield f"epoch or time went back at {entry.last}"
        position, before, epoch, at = entry.last, kept.digest, entry.epoch, entry.at


def once(evidence: Evidence) -> Iterator[str]:
    """No command was carried out twice."""
    handled = (handled for seen in evidence.log for handled in seen.entry.handled)
    done = Counter(handled.key for handled in handled if handled.key and handled.events)
    return (f"done {count} times: {key}" for key, count in done.items() if count > 1)


def holders(evidence: Evidence) -> Iterator[str]:
    """No item is with two agents: it may be held for several, but who accepts has it alone, and keeps it."""
    holds: dict[str, dict[str, None]] = {}
    has: dict[str, str] = {}
    for event in evidence.events:
        match event:
            case e.ReservationMade() | e.ItemResumed():
                if event.item in has or event.agent in holds.get(event.item, {}):
                    yield f"{event.item} went to {event.agent} while with {has.get(event.item, event.agent)}"
                holds.setdefault(event.item, {})[event.agent] = None
            case e.ReservationAccepted():
                if list(holds.get(event.item, {})) != [event.agent]:
                    yield f"{event.item} was accepted by {event.agent} while held for {list(holds.get(event.item, {}))}"
                has[event.item] = event.agent
            case e.ReservationEnded():
                holds.get(event.item, {}).pop(event.agent, None)
                has.pop(event.item, None)
            case e.ItemQueued() | e.ItemPending() | e.ItemClosed() | e.ItemStuck():
                holds.pop(event.item, None)
                has.pop(event.item, None)
            case _:
                pass


def capacity(evidence: Evidence) -> Iterator[str]:
    """No agent gets more than they have room for: what gives way to it does not count, nor what is silent."""
    for item, agent, channels, holds in _holdings(evidence.events):
        channel = channels[item]
        held = Counter(channels[other] for other, holder in {*holds, (item, agent)} if holder == agent)
        load = sum(ROOMS[c].weight * count for c, count in held.items() if channel not in ROOMS[c].interruptible_by)
        if load > 100 or held[channel] > ROOMS[channel].maximum:
            yield f"{agent} holds {dict(held)}"


def _holdings(events: Iterable[e.Event]) -> Iterator[tuple[str, str, dict[str, str], set[tuple[str, str]]]]:
    """Each time that an agent gets an item: item, agent, the channel of every item, and who holds what takes room."""
    holds: set[tuple[str, str]] = set()
    channels: dict[str, str] = {}
    for event in events:
        match event:
            case e.ItemOpened():
                channels[event.item] = event.channel
            case e.ConsultOpened():
                channels[event.consult] = channels[event.item]
            case e.ReservationMade() | e.ItemResumed():
                yield event.item, event.agent, channels, holds
                holds.add((event.item, event.agent))
            case e.ItemWoken():
                holds.add((event.item, event.agent))
            case e.ReservationEnded() | e.ItemSilenced():
                holds.discard((event.item, event.agent))
            case e.ItemQueued() | e.ItemPending() | e.ItemClosed() | e.ItemStuck():
                holds -= {held for held in holds if held[0] == event.item}
            case _:
                pass


def conservation(evidence: Evidence) -> Iterator[str]:
    """Each item that was opened is in exactly one state, and leaves memory only after it is closed."""
    states = _states(evidence.events)
    stored = {item.id: item.state for item in evidence.stored.items.values()}
    for item, state in states.items():
        if state == "forgotten open":
            yield f"{item} left memory before it was closed"
        elif (stored.get(item, "forgotten"), state) not in _SAME:
            yield f"{item} is {stored.get(item, 'nowhere')} and should be {state}"
    for item in stored.keys() - states.keys():
        yield f"{item} was never opened"


_LEADS_TO: Final[dict[type, str]] = {
    e.ItemOpened: "queued",
    e.ItemQueued: "queued",
    e.ReservationMade: "reserved",
    e.ReservationAccepted: "active",
    e.ReservationEnded: "queued",
    e.ItemPending: "pending",
    e.ItemResumed: "active",
    e.WrapUpStarted: "wrapping",
    e.WrapUpExtended: "wrapping",
    e.ItemStuck: "stuck",
    e.ItemClosed: "closed",
}

_SAME: Final = {(state, state) for state in (*_LEADS_TO.values(), "forgotten")}


def _states(events: Iterable[e.Event]) -> dict[str, str]:
    """Where each item is, by the events that name it."""
    states: dict[str, str] = {}
    held: dict[str, set[str]] = {}
    for event in events:
        match event:
            case e.ReservationMade():
                held.setdefault(event.item, set()).add(event.agent)
            case e.ReservationEnded():
                held.get(event.item, set()).discard(event.agent)
                if states.get(event.item) == "reserved" and held.get(event.item):
                    continue
            case e.ItemQueued():
                held.pop(event.item, None)
            case _:
                pass
        if isinstance(event, e.ItemsForgotten):
            for item in event.items:
                states[item] = "forgotten" if states.get(item) == "closed" else "forgotten open"
        elif type(event) in _LEADS_TO:
            states[event.item] = _LEADS_TO[type(event)]  # type: ignore[union-attr]
    return states


def order(evidence: Evidence) -> Iterator[str]:
    """Messages of a conversation are numbered without gap or repeat."""
    last: Counter[str] = Counter()
    for event in evidence.events:
        if isinstance(event, e.MessageReceived | e.ReplySent):
            last[event.conversation] += 1
            if event.seq != last[event.conversation]:
                yield f"{event.conversation}: message {event.seq} after {last[event.conversation] - 1}"


# -- timers -------------------------------------------------------------------------------------------------


def early(evidence: Evidence) -> Iterator[str]:
    """No reservation expires before its time, by the core's clock and (where nobody touches clocks) by the true one."""
    expires: dict[str, int] = {}
    for entry, kept in evidence.log:
        true_ms = SimClock.START_MS + int(kept.at_s * 1000)
        for event in entry.events:
            if isinstance(event, e.ReservationMade):
                expires[event.reservation] = event.expires_at
            elif isinstance(event, e.ReservationEnded) and event.outcome == "expired":
                ended = event.at if evidence.house.cast.clocks else min(event.at, true_ms)
                if ended < expires[event.reservation]:
                    yield f"{event.item} expired {expires[event.reservation] - ended} ms early"


def late(evidence: Evidence) -> Iterator[str]:
    """What is due when an entry is decided happens in it, or in the next one of the same writer."""
    due: dict[str, tuple[str, int]] = {}
    for before, now in pairwise([None, *evidence.log]):
        assert now is not None
        overdue = [] if before is None else [(item, held) for item, held in due.items() if held[1] <= before.entry.at]
        _follow(due, now)
        if before is not None and before.entry.epoch == now.entry.epoch:
            yield from (f"{item} was due before {now.entry.last}" for item, held in overdue if due.get(item) == held)
        yield from _late_in_calm(evidence, now)


def _follow(due: dict[str, tuple[str, int]], seen: Seen) -> None:
    """Which reservations run after this entry: of each its item, and when it expires."""
    for event in seen.entry.events:
        match event:
            case e.ReservationMade():
                due[event.reservation] = (event.item, event.expires_at)
            case e.ReservationAccepted() | e.ReservationEnded():
                due.pop(event.reservation, None)
            case _:
                pass


def _late_in_calm(evidence: Evidence, seen: Seen) -> Iterator[str]:
    """Once everything has settled, what wakes the writer is punctual."""
    kept = seen.kept
    true_ms = SimClock.START_MS + int(kept.at_s * 1000)
    settled = kept.at_s > evidence.ledger.calm_from_s + SETTLED_S and not evidence.house.cast.clocks
    if settled and true_ms - seen.entry.at > LATE_MS_MAX:
        yield f"entry {seen.entry.last} is {true_ms - seen.entry.at} ms behind the clock"


LOG_RULES: Final[dict[str, Callable[[Evidence], Iterable[str]]]] = {
    "chain": chain,
    "once": once,
    "holders": holders,
    "capacity": capacity,
    "conservation": conservation,
    "order": order,
    "early": early,
    "late": late,
}
