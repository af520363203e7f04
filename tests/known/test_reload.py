"""A centre that is reloaded and nodes that stop and start: nothing is lost, nothing is zero (F46, F50-F57)."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from queues.callback import Callbacks
from queues.comparator import Comparator
from queues.hours import Hours, Span
from queues.plan import RelaxStep
from queues.queue import CHANNELS, Fallback, Queue
from router.archive.database import Database
from router.archive.reports import SqlReports
from router.core import commands as c
from router.gateway import DayAsked
from router.runtime.memory import World as Memory
from tests.archive.domain import Domain as Archived
from tests.core.world import CENTRE, World, change
from tests.known.test_races import nodes
from tests.runtime.conftest import do, offer, sign_on
from tests.support import eventually

QUEUES = 500
RELOADS = 8


def queue(number: int, reload: int) -> Queue:
    return Queue(id=f"q{number}", names={"en": f"Queue {number} of reload {reload}"}, target_ms={"phone": 20_000})


def reloaded(reload: int) -> c.ApplyCentre:
    """A file in which every queue is a little different from before."""
    return c.ApplyCentre(changes=tuple(change(queue(number, reload), seen=None) for number in range(QUEUES)))


def test_reloading_five_hundred_queues_under_load_loses_none_and_nobody_who_waits() -> None:
    """F50: again and again, while calls come and go."""
    chance, world = random.Random(50), World()
    world.do(reloaded(0))
    queues = set(world.state.queues)
    waiting: dict[str, tuple[str, int, int]] = {}
    for reload in range(1, RELOADS):
        for _ in range(6):
            item = world.call(queue=f"q{chance.randrange(QUEUES)}")
            waiting[item.id] = (item.queue, item.due, item.seq)
        if reload % 2:
            world.do(c.EndCall(call=world.item(next(iter(waiting))).call))
            del waiting[next(iter(waiting))]
        world.do(reloaded(reload))
        assert set(world.state.queues) == queues
        lines = {
            id: (item.queue, item.due, item.seq) for id, item in world.state.items.items() if item.state == "queued"
        }
        assert lines == waiting
    assert world.state.queues["q499"].names["en"].endswith(str(RELOADS - 1))


async def test_reloading_the_centre_changes_no_figure_and_no_counter(sqlite_url: str) -> None:
    """F51: figures come from the log, and a record of the centre has none in it."""
    day, database = Archived(), await Database.open(sqlite_url)
    day.core.sign_on("ann")
    for number in range(3):
        item = day.core.call(f"k{number}")
        if item.agent:
            day.core.do(c.AnswerCall(call=item.call, agent="ann"), after=3_000)
    asked = DayAsked(from_ms=0, to_ms=86_400_000, by=("queue", "agent"))

    async def figures() -> Any:
        await day.commit()
        await day.archive(database)
        report = await SqlReports(database).day(asked)
        return report.rows, report.total

    before, meta = await figures(), msgspec.structs.replace(day.core.state.meta)
    state = day.core.state
    queues = [msgspec.structs.replace(queue, names={"en": "Another name"}) for queue in state.queues.values()]
    agents = [msgspec.structs.replace(agent, name="Another name") for agent in state.agents.values()]
    edits = tuple(change(record, seen=None) for record in (*queues, *agents, *state.teams.values()))
    assert day.core.do(c.ApplyCentre(changes=edits)) != []
    assert await figures() == before
    assert msgspec.structs.replace(day.core.state.meta, revision=meta.revision) == meta
    await database.close()


def test_a_rule_that_is_changed_in_one_place_is_the_same_in_all_others() -> None:
    """F46: each field of a queue and of hours survives the way through the state, its records and an edit."""
    every = Queue(
        id="every",
        names={"en": "Every"},
        line=2,
        team="first",
        requirement=(("fr", 2),),
        priority=3,
        target_ms=dict.fromkeys(CHANNELS, 7_000),
        reservation_ms=9_000,
        wrap_up_ms={"phone": 8_000},
        decline_memory_ms=0,
        knock_out_max=9,
        escalates_to="expert",
        hours="week",
        demands=("category", "outcome"),
        keep_ms=5_000,
        wishes=(("nl", 3),),
        plan=(RelaxStep(after_ms=1_000, drop=("fr",), members=2, teams=("second",), priority=1),),
        prefer_ms=4_000,
        strategy="best_fit",
        idle_from="worked",
        comparator=Comparator(kind="head_start", per_point_ms=5_000),
        reserve={"expert": 1},
        auto_accept=("chat",),
        reservations_ms={"phone": 6_000},
        decline_until="others",
        declines_max=5,
        simultaneous=2,
        resolve_ms={"email": 90_000},
        reopens_max=3,
        escalate_declined=True,
        when_closed=Fallback(message={"en": "Closed"}, overflow="expert"),
        waiting_max=50,
        waiting_with=("expert",),
        when_full=Fallback(message={"en": "Full"}, callback=True),
        wait_max_ms=600_000,
        when_late=Fallback(message={"en": "Late"}, overflow="expert"),
        callbacks=Callbacks(attempts=2, retry_ms=60_000, delay_ms=1_000),
        pending_close_ms=86_400_000,
    )
    week = Hours(
        id="week",
        zone="Europe/Brussels",
        weekly=tuple((Span(start=day, end=1_440),) for day in range(7)),
        exceptions={"2026-12-25": ()},
        holidays="BE",
    )
    plain = {"closed", "revision"}
    same = [name for name in Queue.__struct_fields__ if getattr(every, name) == getattr(Queue(id="x"), name)]
    assert set(same) == plain, "a field that this test leaves as it is by default"
    world = World()
    world.do(c.ApplyCentre(changes=(change(week), change(every))))
    world.do(c.CloseQueue(queue="every", message={"en": "Closed"}))
    world.do(c.OpenQueue(queue="every"))
    found = world.reload().queues["every"]
    assert msgspec.structs.replace(found, revision=0) == every
    assert msgspec.structs.replace(world.reload().hours["week"], revision=0) == week


async def test_what_agents_said_is_still_said_after_a_restart(world: Memory, tmp_path: Path) -> None:
    """F52, F53: the reason of a break, a plan to leave, whoever was away; and nobody becomes available by it."""
    async with nodes(world, tmp_path, 1) as (node,):
        await do(node, CENTRE)
        await sign_on(node, "ann", "bob")
        await do(node, c.SetPresence(agent="ann", state="not_ready", reason="lunch"))
        await do(node, offer("k"))
        await do(node, c.SetPresence(agent="bob", state="not_ready", reason="home", after=True))
        before = {id: msgspec.structs.replace(presence) for id, presence in node.state.presences.items()}
    async with nodes(world, tmp_path, 1) as (node,):
        assert node.state.presences == before
        assert before["ann"].reason == "lunch"
        assert before["bob"].next == "home"
        await do(node, offer("l"))
        assert node.state.items["i-l"].state == "queued"
        assert node.state.presences["eve"].state == "offline", "who never said that they are there is not"


async def test_a_node_that_stops_lets_go_of_nothing_but_its_own(world: Memory, tmp_path: Path) -> None:
    """F56: neither the writer's lease nor the agents of another node."""
    async with nodes(world, tmp_path, 2) as (first, second):
        await do(first, CENTRE)
        await sign_on(first, "ann")
        await do(second, c.ConnectClient(agent="bob", client="tab-bob", gateway=second.gateway_id))
        epoch = world.epoch
        await second.stop()
        await do(first, offer("k"))
        assert world.epoch == epoch, "the same writer as before"
        assert first.state.items["i-k"].agent == "ann"


@pytest.mark.parametrize("kill", [1, 2, 3])
async def test_a_storm_of_restarts_decides_everything_once(world: Memory, tmp_path: Path, kill: int) -> None:
    """F54, F57: nodes come and go while calls come in; what one has read and not committed the next one decides."""
    async with nodes(world, tmp_path, 1) as (node,):
        await do(node, CENTRE)
    calls = 0
    for turn in range(6):
        async with nodes(world, tmp_path, 2) as (one, two):
            for _ in range(5):
                await two.submit(offer(f"k{calls}"))
                calls += 1
            if turn % kill == 0:
                await one.stop()
    async with nodes(world, tmp_path, 1) as (node,):
        await eventually(lambda: len(node.state.items) == calls)
        assert [node.state.items[f"i-k{number}"].seq for number in range(calls)] == list(range(1, calls + 1))
