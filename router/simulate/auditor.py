"""The auditor: what must be true of a world, checked from its log and the promises made to its people.

It shares no code with what it checks where that can be had: holds, capacity, message order and effects are counted
anew from the events alone.
"""

from collections import Counter
from collections.abc import Iterable

from router.core import events as e
from router.core.commands import OfferCall, ReceiveMessage
from router.core.evolve import evolve
from router.core.invariants import check, overfull, unmatched
from router.core.state import State, load
from router.simulate.house import House
from router.simulate.world import ROOMS
from router.wire.codec import Entry, decode_entry, decode_record, digest


def audit(house: House) -> list[str]:
    """Everything that is wrong, in words."""
    entries = [(decode_entry(data), data, sum) for _, data, sum in house.store.entries.values()]
    events = [event for entry, _, _ in entries for event in entry.events]
    return [
        *house.broken,
        *_history(entries),
        *_promises(house),
        *_once(entry for entry, _, _ in entries),
        *_effects(house, events),
        *_holders(events),
        *_order(events),
        *_state(house, events),
    ]


def _history(entries: list[tuple[Entry, bytes, str]]) -> list[str]:
    """Positions are dense, digests chain, epochs and instants never go back."""
    wrong = []
    position, before, epoch, at = 0, "", 0, 0
    for entry, data, found in entries:
        if entry.first != position + 1 or entry.last - entry.first + 1 != len(entry.events):
            wrong.append(f"hole: {entry.first} to {entry.last} after {position}")
        if entry.before != before or digest(before, data) != found:
            wrong.append(f"another history at {entry.last}")
        if entry.epoch < epoch or entry.at < at:
            wrong.append(f"epoch or time went back at {entry.last}")
        position, before, epoch, at = entry.last, found, entry.epoch, entry.at
    return wrong


def _promises(house: House) -> list[str]:
    """Every acknowledged command ended, in one outcome."""
    return [f"lost: {key}" for key in house.acked if key not in house.store.outcomes]


def _once(entries: Iterable[Entry]) -> list[str]:
    """No command was carried out twice."""
    done = Counter(handled.key for entry in entries for handled in entry.handled if handled.key and handled.events)
    return [f"done {count} times: {key}" for key, count in done.items() if count > 1]


def _effects(house: House, events: list[e.Event]) -> list[str]:
    """Every call, mail and note told of had one effect, however often it was told."""
    opened = Counter(event.call for event in events if isinstance(event, e.ItemOpened) and event.call)
    received = Counter(event.message.natural_key for event in events if isinstance(event, e.MessageReceived))
    acked = house.acked.values()
    calls = {command.call for command in acked if isinstance(command, OfferCall)}
    mails = {command.message.natural_key for command in acked if isinstance(command, ReceiveMessage)}
    wrong = [f"call {call} opened {opened[call]} items" for call in sorted(calls) if opened[call] != 1]
    notes = Counter(event.content for event in events if isinstance(event, e.NoteAdded))
    wrong += [f"{note} was kept {count} times" for note, count in notes.items() if count != 1]
    return wrong + [f"mail {mail} came in {received[mail]} times" for mail in sorted(mails) if received[mail] != 1]


def _holders(events: list[e.Event]) -> list[str]:
    """No item with two agents, no agent beyond their rooms."""
    wrong = []
    holds: dict[str, str] = {}
    channel: dict[str, str] = {}
    for event in events:
        match event:
            case e.ItemOpened():
                channel[event.item] = event.channel
            case e.ReservationMade() | e.ItemResumed():
                if event.item in holds:
                    wrong.append(f"{event.item} went to {event.agent} while with {holds[event.item]}")
                holds[event.item] = event.agent
                wrong += _room(event.agent, holds, channel)
            case e.ReservationEnded() | e.ItemQueued() | e.ItemPending() | e.ItemClosed() | e.ItemStuck():
                holds.pop(event.item, None)
            case _:
                pass
    return wrong


def _room(agent: str, holds: dict[str, str], channel: dict[str, str]) -> list[str]:
    held = Counter(channel[item] for item, holder in holds.items() if holder == agent)
    load = sum(ROOMS[kind].weight * count for kind, count in held.items())
    over = load > 100 or any(count > ROOMS[kind].maximum for kind, count in held.items())
    return [f"{agent} holds {dict(held)}"] if over else []


def _order(events: list[e.Event]) -> list[str]:
    """Messages of a conversation are numbered without gap or repeat."""
    wrong = []
    last: Counter[str] = Counter()
    for event in events:
        if isinstance(event, e.MessageReceived | e.ReplySent):
            last[event.conversation] += 1
            if event.seq != last[event.conversation]:
                wrong.append(f"{event.conversation}: message {event.seq} after {last[event.conversation] - 1}")
    return wrong


def _state(house: House, events: list[e.Event]) -> list[str]:
    """The records are the fold of the log, the invariants hold, and nothing waits that could be worked on."""
    folded = State()
    try:
        for event in events:
            evolve(folded, event)
    except (KeyError, AssertionError) as error:
        return [f"the log does not fold: {type(error).__name__} {error}"]
    stored = load((ref, decode_record(ref[0], data)) for ref, data in house.store.records.items())
    wrong = [] if folded.digest() == stored.digest() else ["the records are not the fold of the log"]
    wrong += [] if house.store.position == len(events) else ["the position is not the number of events"]
    return wrong + check(stored) + overfull(stored) + unmatched(stored)
