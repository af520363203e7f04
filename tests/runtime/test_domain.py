"""The engine end to end: what was accepted is decided once, seen by every follower, and still there after any end."""

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from router.core import commands as c
from router.core.evolve import evolve
from router.core.state import State, load
from router.gateway import Applied, KeyConflict, Receipt, StoreError
from router.runtime.domain import Domain
from router.runtime.embedded import Embedded
from router.runtime.redis_store import connect
from router.runtime.store import Store
from router.wire.codec import decode_entry, decode_record
from tests.core.world import CENTRE
from tests.runtime.conftest import Domains, attempt, build, do, offer, sign_on
from tests.support import eventually


async def stored(store: Store) -> State:
    return load((ref, decode_record(ref[0], data)) for ref, data in (await store.load()).records)


async def folded(store: Store) -> State:
    state = State()
    for _, data, _ in await store.entries(0, 10_000, 0):
        for event in decode_entry(data).events:
            evolve(state, event)
    return state


async def test_a_call_reaches_an_agent_and_every_state_is_the_same(
    domain: Domain, store_of: Callable[[], Store]
) -> None:
    """Follower == load(records) == fold(entries), in digest."""
    await sign_on(domain, "ann")
    outcome = await do(domain, offer("1"))
    assert outcome.refs == {"item": "i-1", "conversation": "c-1"}
    assert domain.position >= outcome.position, "the outcome is told once this node has applied it"
    assert (domain.state.items["i-1"].state, domain.state.items["i-1"].agent) == ("reserved", "ann")
    await do(domain, c.AcceptReservation(item="i-1", agent="ann"))
    digest = domain.state.digest()
    assert (await stored(store_of())).digest() == digest
    assert (await folded(store_of())).digest() == digest


async def test_a_rejection_is_told_at_once_though_no_entry_carries_it(domain: Domain) -> None:
    position = domain.position
    async with asyncio.timeout(1):
        outcome = await attempt(domain, c.EndCall(call="nobody"))
    assert (outcome.rejection, outcome.position) == ("unknown_call", position)
    assert domain.position == position


async def test_the_same_key_has_one_effect_and_the_same_outcome(domain: Domain) -> None:
    first = await do(domain, offer("1"), key="k1")
    receipt = await domain.submit(offer("1"), key="k1")
    assert receipt.duplicate
    assert await domain.outcome(receipt) == first
    assert await domain.outcome_of("k1") == first
    with pytest.raises(KeyConflict):
        await domain.submit(offer("2"), key="k1")


async def test_another_node_follows_and_learns_outcomes_of_its_own_commands(domain: Domain, domains: Domains) -> None:
    other = await domains(node="n2", writes=False)
    accepted = await do(other, offer("1"))
    assert await domain.reached(accepted.position)
    assert await other.reached(accepted.position)
    assert other.state.digest() == domain.state.digest()
    assert (await attempt(other, c.EndCall(call="nobody"))).rejection == "unknown_call"


async def test_reached_waits_for_a_position_and_says_no_in_time(domain: Domain) -> None:
    ahead = domain.position + 1
    assert not await domain.reached(ahead, 0.01)
    waiting = asyncio.create_task(domain.reached(ahead))
    await do(domain, offer("1"))
    assert await waiting


async def test_an_outcome_that_nobody_knows_in_time_is_none(domains: Domains) -> None:
    standby = await domains(writes=False)
    receipt = await standby.submit(offer("1"))
    assert await standby.outcome(receipt, 0.05) is None
    assert await standby.outcome(Receipt(key="never", command=99, duplicate=True), 0.05) is None


async def test_listeners_hear_each_entry_in_order_with_what_changed(domain: Domain) -> None:
    heard: list[Applied] = []
    at: list[int] = []

    def listen(applied: Applied, state: State) -> None:
        heard.append(applied)
        at.append(len(state.items))

    domain.listen(listen)
    for n in range(3):
        await do(domain, offer(str(n)))
    assert at == [1, 2, 3]
    assert all(applied.entry.first == before.position + 1 for before, applied in pairwise(heard))
    assert ("item", "i-0") in heard[0].touched
    assert [handled.kind for handled in heard[0].entry.handled] == ["OfferCall"]
    assert decode_entry(heard[0].data) == heard[0].entry


async def test_a_listener_that_raises_ends_the_domain_and_is_surfaced(domain: Domain) -> None:
    def broken(applied: Applied, state: State) -> None:
        raise ZeroDivisionError

    domain.listen(broken)
    await domain.submit(offer("1"))
    with pytest.raises(ZeroDivisionError):
        await domain.wait()


async def test_contents_lie_beside_the_log_and_are_found_where_they_moved(domains: Domains, tmp_path: Path) -> None:
    domain = await domains()
    await domain.submit(offer("1"), contents={"t1": b"hello"})

    async def archive(ids: object) -> list[bytes | None]:
        assert ids == ["t2"]
        return [b"archived"]

    domain._elsewhere = archive
    assert await domain.contents(["t2", "t1"]) == [b"archived", b"hello"]
    assert await domain.blob(await domain.put_blob(b"large")) == b"large"


async def test_many_at_once_are_all_decided_once(domain: Domain) -> None:
    outcomes = await asyncio.gather(*(do(domain, offer(str(n))) for n in range(500)))
    assert len(domain.state.items) == 500
    assert len({outcome.refs["item"] for outcome in outcomes}) == 500


async def test_a_stopped_node_leaves_everything_to_the_next(domains: Domains) -> None:
    first = await domains()
    await do(first, CENTRE)
    await sign_on(first, "ann")
    await do(first, offer("1"))
    digest = first.state.digest()
    await first.stop()
    second = await domains(node="n1")
    assert second.state.digest() == digest
    async with asyncio.timeout(2):
        await do(second, c.AcceptReservation(item="i-1", agent="ann"))


async def test_everything_open_survives_kill_9_of_the_server(server: Embedded, tmp_path: Path) -> None:
    watch = asyncio.create_task(server.run())
    store = connect(server.url, "d")
    domain = build(store, tmp_path)
    await domain.start()
    await do(domain, CENTRE)
    await sign_on(domain, "ann")
    await do(domain, offer("1"))
    digest, position = domain.state.digest(), domain.position
    killed = server.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    receipt = await eventually(lambda: again(domain, offer("2")))
    outcome = await domain.outcome(receipt, 10)
    assert outcome is not None
    assert server.pid != killed
    assert await domain.reached(outcome.position)
    assert domain.state.items["i-1"].agent == "ann"
    assert domain.state.items["i-2"].state == "queued"
    entries = await store.entries(0, 1000, 0)
    assert entries[-1][0] == domain.position
    assert (await stored(store)).digest() == (await folded(store)).digest() == domain.state.digest()
    assert any(last == position for last, _, _ in entries)
    assert digest != domain.state.digest()
    await domain.stop()
    await store.close()
    watch.cancel()


async def again(domain: Domain, command: c.Command) -> Receipt | None:
    try:
        return await domain.submit(command, key="kept")
    except StoreError:
        return None


async def test_a_stopping_node_tells_who_still_waits(domains: Domains) -> None:
    domain = await domains(writes=False)
    waiting = asyncio.create_task(domain.outcome(await domain.submit(offer("1")), 60))
    await asyncio.sleep(0)
    await domain.stop()
    assert await waiting is None
