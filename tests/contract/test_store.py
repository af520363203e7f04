"""What every store promises. The twin in memory may stand in for Redis elsewhere because both pass this."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import asdict

from router.gateway import Fenced, OutboxEntry, Outcome, StoreError
from router.runtime import limits
from router.runtime.store import Commit, Lease, Out, Placed, Put, Standing, Store
from tests.contract.conftest import Clients
from tests.support import eventually

TTL = 10_000


def put(key: str, fingerprint: str = "f", data: bytes = b"x", **contents: bytes) -> Put:
    return Put(key=key, fingerprint=fingerprint, data=data, contents=contents)


async def lease_of(store: Store, owner: str = "a", ttl_ms: int = TTL) -> Lease:
    lease = await store.acquire(owner, ttl_ms)
    assert lease is not None
    return lease


def commit(lease: Lease, expected: int = 0, last: int = 1, **more: Any) -> Commit:
    shape: dict[str, Any] = {
        "before": f"d{expected}" if expected else "",
        "digest": f"d{last}" if last else "",
        "data": f"e{last}".encode(),
        "command": 0,
        "at": 1000 + last,
    }
    return Commit(epoch=lease.epoch, expected=expected, last=last, **(shape | more))


# -- commands -----------------------------------------------------------------------------------------------


async def test_commands_get_dense_positions_in_the_order_of_submission(store: Store) -> None:
    placed = await store.submit([put("a"), put("b")]) + await store.submit([put("c")])
    assert placed == [Placed(command=n) for n in (1, 2, 3)]
    assert await store.commands(0, 10, 0) == [(1, b"x"), (2, b"x"), (3, b"x")]


async def test_a_duplicate_is_told_its_first_place_and_adds_nothing(store: Store) -> None:
    await store.submit([put("a", data=b"1")])
    placed = await store.submit([put("a", data=b"2"), put("b"), put("b")])
    assert placed == [Placed(command=1, duplicate=True), Placed(command=2), Placed(command=2, duplicate=True)]
    assert await store.commands(0, 10, 0) == [(1, b"1"), (2, b"x")]


async def test_a_key_that_was_used_for_another_command_is_a_conflict_and_writes_nothing(store: Store) -> None:
    await store.submit([put("a", "one")])
    [placed] = await store.submit([put("a", "two", c=b"never")])
    assert placed.conflict
    assert not placed.duplicate
    assert len(await store.commands(0, 10, 0)) == 1
    assert await store.contents(["c"]) == [None]


async def test_keys_and_fingerprints_may_hold_anything(store: Store) -> None:
    odd = put("call.offered:pbx 1/ü:%d {x}\n", "a b", b"\x00\xff")
    assert not (await store.submit([odd]))[0].duplicate
    assert (await store.submit([odd]))[0].duplicate
    assert await store.commands(0, 1, 0) == [(1, b"\x00\xff")]


async def test_commands_are_read_past_a_position_and_no_more_than_asked(store: Store) -> None:
    await store.submit([put(str(n), data=str(n).encode()) for n in range(1, 6)])
    assert await store.commands(2, 2, 0) == [(3, b"3"), (4, b"4")]
    assert await store.commands(5, 2, 0) == []


async def test_a_reader_that_waits_is_woken_by_a_command_of_another_client(store: Store, clients: Clients) -> None:
    waiting = asyncio.create_task(store.commands(0, 10, 5.0))
    await clients().submit([put("a")])
    async with asyncio.timeout(2):
        assert await waiting == [(1, b"x")]


async def test_a_wait_ends_with_nothing_when_nothing_comes(store: Store) -> None:
    async with asyncio.timeout(2):
        assert await store.commands(0, 10, 0.02) == []


async def test_many_submitters_at_once_leave_no_hole(clients: Clients) -> None:
    stores = [clients() for _ in range(4)]
    await asyncio.gather(*(s.submit([put(f"{n}-{m}")]) for n, s in enumerate(stores) for m in range(25)))
    assert [n for n, _ in await stores[0].commands(0, 200, 0)] == list(range(1, 101))


async def test_contents_come_with_their_command_and_go_when_dropped(store: Store) -> None:
    await store.submit([put("a", c1=b"one", c2=b"two")])
    assert await store.contents(["c2", "none", "c1"]) == [b"two", None, b"one"]
    await store.drop_contents(["c1", "none"])
    assert await store.contents(["c1", "c2"]) == [None, b"two"]
    assert await store.contents([]) == []


async def test_where_a_command_lies_is_known_by_its_key_from_the_moment_it_is_durable(store: Store) -> None:
    await store.submit([put("a"), put("b")])
    assert [await store.placed(key) for key in ("a", "b", "c")] == [1, 2, None]


async def test_crashes_are_counted_per_command(store: Store) -> None:
    assert await store.crashes(7) == 0
    assert [await store.crashed(7), await store.crashed(7), await store.crashed(8)] == [1, 2, 1]
    assert await store.crashes(7) == 2


# -- lease --------------------------------------------------------------------------------------------------


async def test_one_owner_holds_the_lease_and_the_epoch_grows_with_the_next(store: Store, clients: Clients) -> None:
    other = clients()
    assert not await other.led()
    first = await lease_of(store)
    assert await other.acquire("b", TTL) is None and await other.led()
    second = await lease_of(store)
    assert second.epoch == first.epoch + 1
    await store.release(first)
    assert await other.acquire("b", TTL) is None, "the earlier one gives back nothing"
    await store.release(second)
    assert (await lease_of(other, "b")).epoch == second.epoch + 1


async def test_what_an_earlier_tenure_sent_arrives_in_vain(store: Store) -> None:
    """Of the same owner too: a commit without an entry moves no position that would tell."""
    first = await lease_of(store)
    await store.submit([put("a")])
    late = commit(first, last=0, command=1, outcomes=[("a", Outcome(position=0, rejection="late"))])
    second = await lease_of(store)
    await store.commit(commit(second, last=0, command=1, outcomes=[("a", Outcome(position=0, rejection="first"))]))
    with pytest.raises(Fenced):
        await store.commit(late)
    assert await store.outcome("a") == Outcome(position=0, rejection="first")


async def test_a_lease_that_is_not_renewed_is_free_again(store: Store) -> None:
    first = await lease_of(store, ttl_ms=20)
    second = await eventually(lambda: store.acquire("b", TTL))
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert not await store.renew(first, TTL)
    await store.release(first)
    assert await store.renew(second, TTL)


async def test_a_renewed_lease_stays(store: Store) -> None:
    lease = await lease_of(store, ttl_ms=300)
    assert await store.renew(lease, TTL)
    assert await store.acquire("b", TTL) is None


# -- commit and load ----------------------------------------------------------------------------------------


async def test_a_commit_does_all_of_it(store: Store) -> None:
    lease = await lease_of(store)
    await store.submit([put("a"), put("b"), put("c")])
    ended = Outcome(position=2, refs={"item": "i1"})
    await store.commit(
        commit(
            lease,
            last=2,
            command=2,
            puts=[(("item", "i1"), b"r1"), (("item", "a/b"), b"r2")],
            outcomes=[("a", ended)],
        )
    )
    loaded = await store.load()
    assert (loaded.position, loaded.digest, loaded.command, loaded.epoch, loaded.at) == (2, "d2", 2, lease.epoch, 1002)
    assert dict(loaded.records) == {("item", "i1"): b"r1", ("item", "a/b"): b"r2"}
    assert asdict(await store.standing()).items() < asdict(loaded).items()
    assert await store.entries(0, 10, 0) == [(2, b"e2", "d2")]
    assert await store.outcome("a") == ended
    assert await store.outcome("b") is None
    assert await store.commands(0, 10, 0) == [(3, b"x")], "decided commands leave the stream"
    assert await store.submit([put("d")]) == [Placed(command=4)]


async def test_a_domain_begins_at_nothing(store: Store) -> None:
    assert await store.standing() == Standing(position=0, digest="", command=0, epoch=0, at=0)
    assert (await store.load()).records == []


async def test_a_commit_drops_records_and_replaces_them(store: Store) -> None:
    lease = await lease_of(store)
    await store.commit(commit(lease, puts=[(("item", "a"), b"1"), (("item", "b"), b"1")]))
    await store.commit(commit(lease, 1, 2, puts=[(("item", "a"), b"2")], drops=[("item", "b"), ("item", "none")]))
    assert (await store.load()).records == [(("item", "a"), b"2")]


async def test_a_commit_without_events_writes_outcomes_and_no_entry(store: Store) -> None:
    lease = await lease_of(store)
    await store.submit([put("a")])
    no = Outcome(position=0, rejection="unknown_item", subject="i9")
    await store.commit(commit(lease, 0, 0, data=b"", command=1, at=5, outcomes=[("a", no)]))
    assert await store.entries(0, 10, 0) == []
    assert await store.outcome("a") == no
    loaded = await store.load()
    assert (loaded.position, loaded.command, loaded.at) == (0, 1, 5)


async def everything(store: Store) -> tuple[object, ...]:
    return (
        await store.load(),
        await store.entries(0, 10, 0),
        await store.outcome("late"),
        await store.commands(0, 10, 0),
        await store.outbox_read("email", "g", "c", 10, 0),
    )


def harmful(lease: Lease, **more: Any) -> Commit:
    return commit(
        lease,
        **(
            {
                "expected": 1,
                "last": 2,
                "command": 1,
                "puts": [(("item", "a"), b"stale")],
                "outcomes": [("late", Outcome(position=2))],
                "outbox": [Out(channel="email", position=2, body=b"{}")],
            }
            | more
        ),
    )


async def test_a_writer_of_an_old_epoch_is_fenced_and_changes_nothing(store: Store) -> None:
    old = await lease_of(store, ttl_ms=20)
    await store.commit(commit(old, puts=[(("item", "a"), b"1")]))
    await store.submit([put("late")])
    await store.outbox_group("email", "g")
    assert await eventually(lambda: store.acquire("b", TTL)) is not None
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.commit(harmful(old))
    assert await everything(store) == before


@pytest.mark.parametrize("wrong", [{"expected": 0, "last": 1}, {"expected": 2, "last": 3}, {"before": "other"}])
async def test_a_commit_on_another_position_or_history_is_fenced_and_changes_nothing(
    store: Store, wrong: dict[str, Any]
) -> None:
    lease = await lease_of(store)
    await store.commit(commit(lease))
    await store.submit([put("late")])
    await store.outbox_group("email", "g")
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.commit(harmful(lease, **wrong))
    assert await everything(store) == before


async def test_the_same_commit_twice_happens_once(store: Store) -> None:
    """A commit whose reply was lost is uncertain; asking for it again cannot do it again."""
    lease = await lease_of(store)
    once = commit(lease, puts=[(("item", "a"), b"1")], outbox=[Out(channel="email", position=1, body=b"{}")])
    await store.commit(once)
    with pytest.raises(Fenced):
        await store.commit(once)
    await store.outbox_group("email", "g")
    assert len(await store.outbox_read("email", "g", "c", 10, 0)) == 1
    assert len(await store.entries(0, 10, 0)) == 1


async def test_a_commit_too_large_to_finish_is_refused_whole(store: Store) -> None:
    lease = await lease_of(store)
    with pytest.raises(StoreError):
        await store.commit(commit(lease, data=b"x" * (limits.COMMIT_BYTES_MAX + 1), puts=[(("item", "a"), b"1")]))
    assert (await store.load()).records == []


async def test_a_commit_of_20_000_records_is_done_in_one_step(store: Store) -> None:
    lease = await lease_of(store)
    refs = [("agent", f"a{n}") for n in range(20_001)]
    await store.commit(commit(lease, puts=[(ref, b"r") for ref in refs]))
    assert len((await store.load()).records) == len(refs)
    await store.commit(commit(lease, 1, 2, drops=refs[1:]))
    assert (await store.load()).records == [(refs[0], b"r")]


async def test_a_load_never_sees_half_a_commit(store: Store, clients: Clients) -> None:
    """Position and records belong together at every instant, whatever is committed meanwhile."""
    lease = await lease_of(store)
    reader = clients()

    async def write() -> None:
        for n in range(1, 31):
            number = str(n).encode()
            await store.commit(commit(lease, n - 1, n, puts=[(("item", f"i{m}"), number) for m in range(50)]))

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        loaded = await reader.load()
        assert {int(data) for _, data in loaded.records} <= {loaded.position}
        seen.add(loaded.position)
        await asyncio.sleep(0)
    await writing
    assert (await reader.load()).position == 30


# -- followers ----------------------------------------------------------------------------------------------


async def test_entries_are_those_that_end_past_a_position(store: Store) -> None:
    lease = await lease_of(store)
    for expected, last in ((0, 3), (3, 4), (4, 9)):
        await store.commit(commit(lease, expected, last))
    assert [last for last, _, _ in await store.entries(3, 10, 0)] == [4, 9]
    assert [last for last, _, _ in await store.entries(2, 1, 0)] == [3]
    assert await store.entries(9, 10, 0) == []
    assert await store.head() == 9


async def test_a_follower_that_waits_is_woken_by_a_commit(store: Store, clients: Clients) -> None:
    lease = await lease_of(store)
    waiting = asyncio.create_task(clients().entries(0, 10, 5.0))
    await store.commit(commit(lease))
    async with asyncio.timeout(2):
        assert await waiting == [(1, b"e1", "d1")]


async def test_trim_takes_what_is_archived_and_leaves_the_newest(store: Store) -> None:
    """A follower that lags must find the newest entry, or it would wait for ever and never see the hole."""
    lease = await lease_of(store)
    assert await store.first_entry() == 1
    for expected, last in ((0, 3), (3, 5), (5, 9)):
        await store.commit(commit(lease, expected, last))
    await store.trim(4)
    assert await store.first_entry() == 4
    await store.trim(9)
    assert await store.first_entry() == 6
    assert [last for last, _, _ in await store.entries(0, 10, 0)] == [9]
    await store.commit(commit(lease, 9, 10))
    assert [last for last, _, _ in await store.entries(9, 10, 0)] == [10]


async def test_a_gateway_beats_for_as_long_as_it_said(store: Store) -> None:
    await store.beat("g1", TTL)
    await store.beat("g2", 1)
    await eventually(lambda: _beating(store, ["g1", "g2", "g3"], [True, False, False]))
    assert await store.beating([]) == []


async def _beating(store: Store, gateways: list[str], expected: list[bool]) -> bool:
    return await store.beating(gateways) == expected


# -- outboxes -----------------------------------------------------------------------------------------------


async def filled(store: Store, count: int = 3) -> None:
    lease = await lease_of(store)
    out = [Out(channel="email", position=1, body=b'{"n":%d}' % n) for n in range(count)]
    await store.commit(commit(lease, outbox=out))
    await store.outbox_group("email", "g")
    await store.outbox_group("email", "g")


def numbers(entries: list[OutboxEntry]) -> list[int]:
    return [entry.body["n"] for entry in entries]


async def test_an_outbox_hands_each_entry_out_once_in_order(store: Store) -> None:
    await filled(store)
    first = await store.outbox_read("email", "g", "c", 2, 0)
    second = await store.outbox_read("email", "g", "c", 2, 0)
    assert (numbers(first), numbers(second)) == ([0, 1], [2])
    assert {(entry.position, entry.attempts) for entry in first + second} == {(1, 0)}
    assert await store.outbox_read("email", "g", "c", 2, 0.02) == []


async def test_what_was_read_and_never_acknowledged_comes_again(store: Store, clients: Clients) -> None:
    await filled(store)
    [zero, *_] = await store.outbox_read("email", "g", "c", 3, 0)
    await store.outbox_done("email", "g", [zero.id])
    restarted = clients()
    again = await restarted.outbox_read("email", "g", "c", 10, 0, own=True)
    assert numbers(again) == [1, 2]
    assert {entry.attempts for entry in again} == {1}
    assert {entry.attempts for entry in await restarted.outbox_read("email", "g", "c", 10, 0, own=True)} == {2}
    assert await restarted.outbox_read("email", "g", "c", 10, 0) == []
    await restarted.outbox_done("email", "g", [entry.id for entry in again])
    assert await restarted.outbox_read("email", "g", "c", 10, 0, own=True) == []


async def test_another_consumer_does_not_get_what_one_has_in_hand(store: Store) -> None:
    await filled(store)
    await store.outbox_read("email", "g", "c", 3, 0)
    assert await store.outbox_read("email", "g", "other", 3, 0, own=True) == []


async def test_an_outbox_keeps_what_one_of_its_groups_has_not_finished(store: Store) -> None:
    await filled(store)
    await store.outbox_group("email", "slow")
    fast = await store.outbox_read("email", "g", "c", 3, 0)
    await store.outbox_done("email", "g", [entry.id for entry in fast])
    slow = await store.outbox_read("email", "slow", "c", 2, 0)
    assert numbers(slow) == [0, 1]
    await store.outbox_done("email", "slow", [slow[1].id])
    assert numbers(await store.outbox_read("email", "slow", "c", 9, 0, own=True)) == [0]
    assert numbers(await store.outbox_read("email", "slow", "c", 9, 0)) == [2]


async def test_a_group_that_begins_now_hears_nothing_of_before(store: Store) -> None:
    await filled(store)
    await store.outbox_group("email", "late", "$")
    assert await store.outbox_read("email", "late", "c", 9, 0) == []


async def test_reading_for_an_unknown_group_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.outbox_read("email", "nobody", "c", 1, 0)


# -- the end ------------------------------------------------------------------------------------------------


async def test_a_read_that_is_cancelled_does_no_harm(store: Store) -> None:
    waiting = asyncio.create_task(store.commands(0, 1, 5.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await store.submit([put("a")])
    assert await store.commands(0, 1, 0) == [(1, b"x")]


# -- duties and nodes ---------------------------------------------------------------------------------------


async def test_a_duty_has_one_owner_until_it_is_given_back(clients: Clients) -> None:
    one, two = clients(), clients()
    assert await one.hold("archive", "n1", TTL)
    assert not await two.hold("archive", "n2", TTL)
    assert await one.hold("archive", "n1", TTL) and await two.hold("outbox", "n2", TTL)
    await two.let_go("archive", "n2")
    assert not await two.hold("archive", "n2", TTL)
    await one.let_go("archive", "n1")
    assert await two.hold("archive", "n2", TTL)


async def test_a_duty_of_a_dead_owner_is_free_after_its_time(clients: Clients) -> None:
    one, two = clients(), clients()
    assert await one.hold("archive", "n1", 30)
    await eventually(lambda: two.hold("archive", "n2", TTL))


async def test_nodes_hear_of_each_other_while_they_are_there(clients: Clients) -> None:
    one, two = clients(), clients()
    assert await one.attend("n1", b'{"a": "b c"}', TTL) == {"n1": b'{"a": "b c"}'}
    assert await two.attend("n2", b"2", TTL) == {"n1": b'{"a": "b c"}', "n2": b"2"}
    assert await one.attend("n1", b"", 0) == {"n2": b"2"}
    await two.attend("n3", b"3", 20)
    await eventually(lambda: _only(two, {"n2": b"2"}))


async def _only(store: Store, there: dict[str, bytes]) -> bool:
    return await store.attend("n2", b"2", TTL) == there
