"""The archive behind a real domain on a real Valkey: what is closed ends in SQL, and nowhere else."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from router.archive.archiver import Archiver
from router.archive.database import Database
from router.archive.history import SqlHistory
from router.archive.replay import fold
from router.core import commands as c
from router.gateway import Outcome
from router.runtime.blobs import Blobs
from router.runtime.domain import Domain
from router.runtime.redis_store import connect
from router.runtime.store import Store
from router.runtime.system import SystemClock, SystemIds
from tests.archive.domain import archiving
from tests.contract.conftest import valkey
from tests.core.world import CENTRE, World
from tests.support import eventually

__all__ = ["valkey"]

pytestmark = pytest.mark.service

_numbers = count(1)


@pytest.fixture
async def store(valkey: str) -> AsyncIterator[Store]:
    store = connect(valkey, f"archived-{next(_numbers)}")
    yield store
    await store.close()


@pytest.fixture
async def domain(store: Store, database: Database, tmp_path: Path) -> AsyncIterator[Domain]:
    domain = Domain(
        store,
        SystemClock(),
        SystemIds(),
        Blobs(str(tmp_path / "blobs")),
        node="n1",
        elsewhere=SqlHistory(database).contents,
    )
    await domain.start()
    yield domain
    await domain.stop()


async def _done(domain: Domain, command: c.Command, **contents: bytes) -> Outcome:
    outcome = await domain.outcome(await domain.submit(command, by="test", contents=contents))
    assert outcome is not None
    assert outcome.rejection == ""
    return outcome


async def test_a_closed_contact_leaves_memory_and_is_whole_in_history(
    domain: Domain, store: Store, database: Database
) -> None:
    """Its contents left the store, its item left memory, and everything is read from SQL."""
    archiver = Archiver(database, store, domain, linger_s=0)
    await archiver.start()
    async with archiving(archiver):
        await _done(domain, CENTRE)
        await _done(domain, c.ConnectClient(agent="ann", client="tab", gateway=domain.gateway_id))
        await _done(domain, c.SetPresence(agent="ann", state="available"))
        message = World().message("a", keys=("t1",))
        await _done(domain, message, **{"t-a": b"text", "addr-a": b"address"})
        await _done(domain, c.AcceptReservation(item="i-a", agent="ann"))
        closed = await _done(domain, c.CompleteItem(item="i-a", agent="ann", disposition="done"))
        await archiver.drained(closed.position)
        await eventually(lambda: "i-a" not in domain.state.items)
        await archiver.drained(domain.position)
    history = SqlHistory(database)
    item = await history.item("i-a")
    assert item is not None
    assert (item["outcome"], [leg["ended"] for leg in item["legs"]]) == ("completed", ["completed"])
    assert await store.contents(["t-a"]) == [None]
    assert await domain.contents(["t-a", "addr-a"]) == [b"text", b"address"]
    folded = await fold(database)
    assert (folded.position, folded.state.digest()) == (domain.position, domain.state.digest())
    again = Archiver(database, store, domain)
    await again.start()
    assert again.position == domain.position
