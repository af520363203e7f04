"""The time machine: any state of the past, in whatever order it is asked for, from a process that may die."""

import os
import random
import signal
from collections.abc import AsyncIterator

import msgspec
import pytest

from router.archive import limits
from router.archive.database import Database
from router.archive.past import Machine, Where
from router.archive.past_process import PastProcess
from router.core.evolve import evolve
from router.core.state import State
from router.gateway import StoreError
from router.runtime.past import PastAsked, PastBusy
from tests.archive.domain import Domain, committed_in_parts, rows
from tests.core.test_walk import Walker

STEPS = 300
SNAPSHOT = 60
QUESTIONS = 60


@pytest.fixture
async def domain(database: Database) -> Domain:
    """A domain whose log is archived, with snapshots on its way."""
    walker, domain = Walker(5), Domain()
    walker.walk(STEPS)
    for start in range(0, len(walker.world.log), SNAPSHOT):
        await committed_in_parts(domain, walker.world.log[start : start + SNAPSHOT])
        await domain.archive(database, snapshot_events=SNAPSHOT)
    return domain


async def test_every_position_has_its_state_in_whatever_order_they_are_asked_for(
    database: Database, domain: Domain
) -> None:
    """A state that is kept is led on; it never shows in an answer that it has been elsewhere before."""
    digests, state = [""], State()
    for event in domain.events:
        evolve(state, event)
        digests.append(state.digest())
    machine, chance = Machine(database), random.Random(7)
    for _ in range(QUESTIONS):
        position = chance.randint(1, domain.position)
        assert (await machine.state(position)).digest() == digests[position]
        assert len(machine._kept) <= limits.PAST_STATES_MAX
    for position in (30, 31, 31, 40, 90, 35):
        assert (await machine.state(position)).digest() == digests[position]


async def test_each_instant_is_after_the_last_event_by_then(database: Database, domain: Domain) -> None:
    """Against the plainest search there is; before the first event there is nothing."""
    machine = Machine(database)
    ends = [(row["at_ms"], row["last"]) for row in await rows(database, "entries")]
    for at in {end + more for end, _ in ends for more in (-1, 0, 1)}:
        told = await machine.answer(PastAsked(what="board", at_ms=at, known=domain.position))
        happened = [last for end, last in ends if end <= at]
        if happened:
            assert (told.fault, told.at_ms, told.position) == ("", at, happened[-1])
        else:
            assert told.fault == "before_history"


@pytest.mark.parametrize(
    ("behind", "ahead", "fault"), [(0, 1, "in_the_future"), (5, 1, "not_archived"), (5, 6, "in_the_future")]
)
async def test_what_is_not_archived_yet_is_told_from_what_is_not_yet(
    database: Database, domain: Domain, behind: int, ahead: int, fault: str
) -> None:
    """`behind`: how far the archive is behind what is known."""
    known = domain.position + behind
    asked = PastAsked(what="board", position=domain.position + ahead, known=known)
    assert (await Machine(database).answer(asked)).fault == fault


@pytest.fixture
async def past(domain: Domain, migrated_url: str) -> AsyncIterator[PastProcess]:
    """The machine in its process, on the archive of the domain."""
    past = PastProcess(Where(database_url=migrated_url, log_level="error", log_form="json"))
    yield past
    await past.close()


async def board(past: PastProcess, position: int, known: int = 10_000) -> int:
    """The position that a board of the past says it is of."""
    told = await past.ask(PastAsked(what="board", position=position, known=known))
    found: int = msgspec.json.decode(told.body)["position"]
    return found


@pytest.mark.slow
async def test_a_process_that_is_killed_is_followed_by_another(past: PastProcess) -> None:
    assert await board(past, 10) == 10
    assert past.pid is not None
    os.kill(past.pid, signal.SIGSTOP)
    os.kill(past.pid, signal.SIGKILL)
    with pytest.raises(StoreError, match="ended"):
        await board(past, 20)
    assert await board(past, 20) == 20


@pytest.mark.slow
async def test_one_that_takes_too_long_is_ended(past: PastProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: stands still."""
    assert await board(past, 10) == 10
    assert past.pid is not None
    os.kill(past.pid, signal.SIGSTOP)
    monkeypatch.setattr(limits, "PAST_S_MAX", 0.1)
    with pytest.raises(PastBusy):
        await board(past, 20)
    assert past.pid is None
