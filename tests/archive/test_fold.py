"""History is the fold of the stream (invariant I9), for random walks through every kind of event.

The other side of the comparison is made from the events by the plainest means, sharing nothing with `rows.py`.
"""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from router.archive.database import Database
from router.archive.replay import Folded, fold
from router.core import events as e
from router.core.evolve import evolve
from router.core.item import WorkItem
from router.core.state import State
from tests.archive.domain import Domain, committed_in_parts, rows, status
from tests.core.test_walk import AGENTS, Walker

SEEDS = range(8)
STEPS = 400
PART = 30
"""Events archived at a time where snapshots are wanted in between."""


@cache
def _log(seed: int) -> list[e.Event]:
    walker = Walker(seed)
    walker.walk(STEPS)
    return walker.world.log


async def _walked(seed: int, database: Database, *, part: int = 1_000, **options: Any) -> Domain:
    domain, events = Domain(), _log(seed)
    for start in range(0, len(events), part):
        await committed_in_parts(domain, events[start : start + part], seed)
        await domain.archive(database, **options)
    return domain


@pytest.mark.parametrize("seed", SEEDS)
async def test_items_are_the_last_records_that_the_fold_had(seed: int, database: Database) -> None:
    """Each item has one row, and all that its record said last, in memory still or long forgotten."""
    domain = await _walked(seed, database)
    state, last, moved = State(), dict[str, WorkItem](), dict[str, str]()
    for event in domain.events:
        evolve(state, event)
        for item in state.items.values():
            last[item.id] = msgspec.structs.replace(item)
        if isinstance(event, e.CustomerLinked):
            moved[last[event.item].conversation] = event.customer
    written = {row["id"]: row for row in await rows(database, "items")}
    assert set(written) == set(last)
    for id, item in last.items():
        row, record = written[id], msgspec.json.decode(msgspec.json.encode(item))
        if row["customer"] == moved.get(item.conversation):
            record["customer"] = row["customer"]  # the whole conversation moved, with what had left memory
        for field, value in record.items():
            if _column(field) in row and field != "questions":
                assert row[_column(field)] == (dict(value) if field in ("requirement", "wishes") else value), (
                    id,
                    field,
                )
            elif field not in ("reservation", "questions"):
                assert row["more"][field] == msgspec.json.decode(msgspec.json.encode(value)), (id, field)
        assert (row["outcome"] != "") == (item.state == "closed")


def _column(field: str) -> str:
    if field.endswith("_until"):
        return f"{field}_at_ms"
    return "due_at_ms" if field == "due" else f"{field}_ms" if field.endswith("_at") else field


@pytest.mark.parametrize("seed", SEEDS)
async def test_agent_intervals_have_no_gap_and_no_overlap(seed: int, database: Database) -> None:
    """For each agent the intervals are exactly the changes of what they said and did; the last one is open."""
    domain = await _walked(seed, database)
    state = State()
    changes: dict[str, list[tuple[int, tuple[str, str, str]]]] = defaultdict(list)
    for event in domain.events:
        evolve(state, event)
        for agent in state.presences:
            if not changes[agent] or changes[agent][-1][1] != status(state, agent):
                changes[agent].append((event.at, status(state, agent)))
    for agent in AGENTS:
        written = [row for row in await rows(database, "agent_intervals") if row["agent"] == agent]
        said = [(row["from_ms"], (row["presence"], row["reason"], row["activity"])) for row in written]
        assert said == changes[agent]
        assert all(one["to_ms"] == other["from_ms"] for one, other in pairwise(written))
        assert [row["to_ms"] for row in written].count(None) == 1


@pytest.mark.parametrize("seed", SEEDS)
async def test_legs_are_the_reservations_and_never_overlap(seed: int, database: Database) -> None:
    """I2, one holder: a leg for each reservation and each taking up again; open ones are what is held now."""
    domain = await _walked(seed, database)
    legs = await rows(database, "legs")
    begun = [event for event in domain.events if isinstance(event, e.ReservationMade | e.ItemResumed)]
    assert [(leg["item"], leg["agent"]) for leg in legs] == [(event.item, event.agent) for event in begun]
    accepted = sum(isinstance(event, e.ReservationAccepted | e.ItemResumed) for event in domain.events)
    assert sum(leg["accepted_at_ms"] is not None for leg in legs) == accepted
    by_item = defaultdict(list)
    for leg in legs:
        by_item[leg["item"]].append(leg)
    for of_item in by_item.values():
        for one, other in pairwise(of_item):
            assert one["ended_at_ms"] <= (other["reserved_at_ms"] or other["accepted_at_ms"])
    state = (await fold(database)).state
    held = {(item, agent) for agent, items in state.holds.items() for item in items}
    assert {(leg["item"], leg["agent"]) for leg in legs if leg["ended_at_ms"] is None} == held
    assert all(leg["ended"] for leg in legs if leg["ended_at_ms"] is not None)


@pytest.mark.parametrize("seed", SEEDS)
async def test_messages_visits_and_the_rest_are_complete(seed: int, database: Database) -> None:
    """Nothing is missing, nothing twice; sequences have no gap; open visits are what waits now."""
    domain = await _walked(seed, database)
    counts = defaultdict(int)
    for event in domain.events:
        counts[type(event)] += 1
    messages = await rows(database, "messages")
    assert len(messages) == counts[e.MessageReceived] + counts[e.ReplySent]
    sequences = defaultdict(list)
    for row in messages:
        sequences[row["conversation"]].append(row["seq"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())
    assert len(await rows(database, "conversations")) == counts[e.ConversationOpened]
    noted = (e.NoteAdded, e.ItemEscalated, e.ItemTransferred, e.ItemReturned, e.ConsultOpened, e.ConsultAnswered)
    notes = sum(counts[event] for event in noted)
    assert len(await rows(database, "notes")) == notes
    assert len(await rows(database, "alarms")) == counts[e.AlarmRaised]
    state = (await fold(database)).state
    visits = await rows(database, "queue_visits")
    waiting = {(item.id, item.queue) for item in state.items.values() if item.state in {"queued", "reserved"}}
    assert {(row["item"], row["queue"]) for row in visits if row["left_at_ms"] is None} == waiting
    assert len(await rows(database, "stories")) == sum(bool(getattr(event, "item", "")) for event in domain.events)


async def test_a_replay_gives_the_state_of_any_position(database: Database) -> None:
    """From the nearest snapshot or from the first event: the same state, in the middle of an entry too."""
    domain = await _walked(1, database, part=PART, snapshot_events=40)
    assert len(await rows(database, "snapshots")) >= 3
    state = State()
    for position, event in enumerate(domain.events, 1):
        evolve(state, event)
        if position % 7 == 0:
            folded = await fold(database, position)
            assert (folded.position, folded.state.digest()) == (position, state.digest())
    whole = await fold(database, begin=Folded())
    assert whole.state.digest() == (await fold(database)).state.digest() == state.digest()
    assert whole.place == (domain.position, domain.memory.digest)
