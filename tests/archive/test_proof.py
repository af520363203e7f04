"""`replay`: the log is folded again, and the first thing that is kept otherwise than it leads to is found and named."""

import msgspec
import pytest
from sqlalchemy import delete, select, update

from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.proof import prove
from router.archive.replay import fold
from router.archive.schema import entries, snapshots
from router.core.evolve import evolve
from router.core.state import State
from router.wire import codec
from tests.archive.domain import Domain, committed_in_parts
from tests.core.test_walk import Walker

STEPS = 300
PART = 30
"""Events archived at a time, so that snapshots lie between them."""


@pytest.fixture
async def domain(database: Database) -> Domain:
    """A domain with live records, whose log is archived but for its latest events."""
    walker, domain = Walker(3), Domain()
    walker.walk(STEPS)
    events = walker.world.log
    for start in range(0, len(events) - PART, PART):
        await committed_in_parts(domain, events[start : start + PART])
        await domain.archive(database, snapshot_events=PART)
    await committed_in_parts(domain, events[len(domain.events) :])
    domain.memory.records = {ref: codec.encode(record) for ref, record in walker.world.state.records()}
    return domain


async def _archived(database: Database) -> int:
    return (await prove(database, from_snapshot=True)).archived


async def test_everything_is_compared_from_the_first_event_to_the_live_records(
    database: Database, domain: Domain
) -> None:
    """The tail that is not archived yet is read from the store."""
    proof, state = await prove(database, domain.store), State()
    for event in domain.events:
        evolve(state, event)
    assert proof.state.digest() == state.digest()
    assert (proof.began, proof.place) == (0, (domain.position, domain.memory.digest))
    assert 0 < proof.archived < domain.position
    assert proof.snapshots >= 3
    assert proof.records


async def test_without_a_store_it_ends_where_the_archive_does(database: Database, domain: Domain) -> None:
    proof = await prove(database)
    assert (proof.position, proof.records) == (proof.archived, False)
    assert proof.position < domain.position


async def test_a_proof_from_the_newest_snapshot_takes_only_what_is_behind_it(
    database: Database, domain: Domain
) -> None:
    whole, short = await prove(database, domain.store), await prove(database, domain.store, from_snapshot=True)
    assert 0 < short.began < short.position
    assert short.entries < whole.entries
    assert short.state.digest() == whole.state.digest()


@pytest.mark.parametrize("back", [0, 1, PART + 5])
async def test_it_stops_after_the_event_that_is_named(database: Database, domain: Domain, back: int) -> None:
    """In the archive, in the tail, in the middle of an entry: only the end is compared with the live records."""
    at = domain.position - back
    proof = await prove(database, domain.store, at)
    assert (proof.position, proof.records) == (at, back == 0)
    if at <= await _archived(database):
        assert proof.state.digest() == (await fold(database, at)).state.digest()


async def test_a_snapshot_that_is_not_the_fold_is_named_with_its_first_record(
    database: Database, domain: Domain
) -> None:
    async with database.writing() as connection:
        first, second, *_ = await connection.execute(select(snapshots).order_by(snapshots.c.position))
        assert first.state_digest != second.state_digest
        change = update(snapshots).where(snapshots.c.position == second.position)
        await connection.execute(change.values(state_digest=first.state_digest, data=first.data))
    with pytest.raises(OtherHistory, match=r"snapshot .*: \w+ \S+ (differs|is only)") as raised:
        await prove(database)
    assert raised.value.position == second.position


@pytest.mark.parametrize("damage", ["digest", "data", "gone", "cut"])
async def test_a_log_that_is_not_whole_is_found_where_it_breaks(
    database: Database, domain: Domain, damage: str
) -> None:
    async with database.writing() as connection:
        ends = (await connection.scalars(select(entries.c.last).order_by(entries.c.last))).all()
        before, broken = ends[4:6] if damage != "cut" else ends[-2:]
        changed = update(entries).where(entries.c.last == broken)
        if damage == "digest":
            await connection.execute(changed.values(digest="0" * 16))
        elif damage == "data":
            whole = codec.decode_entry(
                (await connection.execute(select(entries.c.data).where(entries.c.last == broken))).scalar_one()
            )
            await connection.execute(changed.values(data=codec.encode(msgspec.structs.replace(whole, at=whole.at + 1))))
        else:
            await connection.execute(delete(entries).where(entries.c.last == broken))
    with pytest.raises(OtherHistory) as raised:
        await prove(database)
    assert raised.value.position == before


async def test_live_records_that_the_log_does_not_lead_to_are_named(database: Database, domain: Domain) -> None:
    """By kind and id; never what is in them."""
    ref = next(ref for ref in sorted(domain.memory.records) if ref[0] == "presence")
    del domain.memory.records[ref]
    with pytest.raises(OtherHistory, match=f"presence {ref[1]} is only in the log") as raised:
        await prove(database, domain.store)
    assert raised.value.position == domain.position


async def test_a_store_of_another_past_is_found(database: Database, domain: Domain) -> None:
    domain.memory.digest = "0" * 16
    with pytest.raises(OtherHistory, match="another digest"):
        await prove(database, domain.store)
