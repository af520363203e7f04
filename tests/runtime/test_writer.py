"""The writer: fenced when it is not the one any more, and never in a crash loop."""

import asyncio
from collections.abc import Callable

import pytest

from queues.endpoint import Endpoint
from queues.team import Membership
from router.core import commands as c
from router.core import evolve as core_evolve
from router.core.decide import DECIDE
from router.core.events import AlarmRaised, CommandPoisoned, ItemOpened
from router.core.state import State
from router.gateway import Fenced, OutboxEntry
from router.runtime import limits
from router.runtime.batch import Batch
from router.runtime.follower import Follower
from router.runtime.memory import MemoryStore, World
from router.runtime.store import Put, Store
from router.runtime.tenure import Tenure
from router.wire import codec
from skills import Skill
from tests.core.world import CENTRE, change
from tests.runtime.conftest import Domains, attempt, do, offer, sign_on
from tests.support import eventually


def boom(*args: object) -> None:
    raise ZeroDivisionError


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_000_000

    def now_ms(self) -> int:
        return self.at

    def monotonic_ms(self) -> int:
        return self.at


async def submit(store: Store, command: c.Command, key: str = "") -> None:
    key = key or f"{command}"
    data = codec.encode(codec.Submission(command=command, key=key))
    await store.submit([Put(key=key, fingerprint=codec.fingerprint(command), data=data)])


async def tenure_of(store: Store, hand: Hand, owner: str = "w") -> Tenure:
    lease = await store.acquire(owner, limits.LEASE_MS)
    assert lease is not None
    tenure = Tenure(store, hand, lease, lambda ended: None)
    follower = Follower(store)
    await follower.load()
    await tenure.load(follower)
    return tenure


# -- fencing ------------------------------------------------------------------------------------------------


async def test_a_writer_that_slept_through_its_lease_is_fenced_and_changes_nothing() -> None:
    hand = Hand()
    world = World(hand)
    store, other = MemoryStore(world), MemoryStore(world)
    sleeper = await tenure_of(store, hand)
    await submit(store, CENTRE)
    await sleeper._turn()
    hand.at += limits.LEASE_MS + 1
    await tenure_of(other, hand, "next")
    await submit(store, offer("1"))
    before = await store.load()
    with pytest.raises(Fenced):
        await sleeper._turn()
    assert await store.load() == before


async def test_a_standby_takes_over_when_the_writer_is_gone(domains: Domains) -> None:
    first = await domains(node="n1")
    await do(first, CENTRE)
    second = await domains(node="n2")
    await first.stop()
    assert (await do(second, offer("1"))).refs["item"] == "i-1"


async def test_of_two_writers_one_decides(domains: Domains) -> None:
    first, second = await domains(node="n1"), await domains(node="n2")
    await do(first, CENTRE)
    await asyncio.gather(*(do(domain, offer(f"{n}")) for n, domain in enumerate([first, second] * 20)))
    last = max(first.position, second.position)
    assert await first.reached(last)
    assert await second.reached(last)
    assert first.state.digest() == second.state.digest()
    assert len(first.state.items) == 40


# -- poison -------------------------------------------------------------------------------------------------


async def test_a_command_that_decide_cannot_stand_is_set_aside_and_the_rest_goes_on(
    domains: Domains, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = await domains()
    await do(domain, CENTRE)
    monkeypatch.setitem(DECIDE, c.HoldCall, boom)
    heard: list[object] = []
    domain.listen(lambda applied, state: heard.extend(applied.entry.events))
    poison = await domain.submit(c.HoldCall(call="1", held=True))
    after = await domain.submit(offer("1"))
    outcome = await domain.outcome(poison)
    assert outcome is not None
    assert outcome.rejection == "poisoned"
    good = await domain.outcome(after)
    assert good is not None
    assert good.rejection == ""
    [poisoned] = [event for event in heard if isinstance(event, CommandPoisoned)]
    assert poisoned.command == poison.command
    assert "ZeroDivisionError" in poisoned.reason
    assert [event.code for event in heard if isinstance(event, AlarmRaised)] == ["command_poisoned"]


async def test_bytes_that_nobody_can_read_are_set_aside(domains: Domains, store_of: Callable[[], Store]) -> None:
    domain = await domains()
    store = store_of()
    raw = codec.encode(codec.Submission(command=offer("1"), key="newer")).replace(b"OfferCall", b"NewerCall")
    await store.submit([Put(key=key, fingerprint="", data=data) for key, data in (("a", b"\xc1"), ("newer", raw))])
    await do(domain, CENTRE)
    newer = await store.outcome("newer")
    assert newer is not None
    assert newer.rejection == "poisoned"


async def test_a_command_that_kills_writers_is_set_aside_at_the_third_try(
    domains: Domains, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an evolve is no state to go on with: the writer drops it, and the next one begins with the store's."""
    domain = await domains()
    await do(domain, CENTRE)
    await sign_on(domain, "ann")
    real = core_evolve._APPLY[ItemOpened]

    def half(state: State, event: ItemOpened) -> None:
        real(state, event)
        if event.item == "i-bad":
            raise ZeroDivisionError

    monkeypatch.setitem(core_evolve._APPLY, ItemOpened, half)
    receipts = [await domain.submit(offer(call)) for call in ("1", "bad", "2")]
    outcomes = [await domain.outcome(receipt, 10) for receipt in receipts]
    assert [outcome.rejection if outcome else None for outcome in outcomes] == ["", "poisoned", ""]
    assert sorted(domain.state.items) == ["i-1", "i-2"]


async def test_a_pulse_that_kills_writers_stops_pulsing_and_not_deciding(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    store = MemoryStore(World(hand))
    for _ in range(limits.CRASHES_MAX):
        await store.crashed(0)
    monkeypatch.setitem(DECIDE, c.Pulse, boom)
    tenure = await tenure_of(store, hand)
    task = asyncio.create_task(tenure.run())
    await submit(store, CENTRE, "centre")
    await eventually(lambda: store.outcome("centre"))
    assert not task.done()
    task.cancel()


# -- time ---------------------------------------------------------------------------------------------------


async def test_what_is_due_happens_without_any_command(domains: Domains) -> None:
    domain = await domains()
    await do(domain, CENTRE)
    queue = domain.state.queues["help"]
    quick = change(queue.__class__(id="quick", reservation_ms=50, knock_out_max=9))
    await do(domain, c.ApplyCentre(changes=(quick,)))
    await do(domain, c.SetMembership(agent="ann", queue="quick", membership=Membership()))
    await sign_on(domain, "ann")
    await do(domain, offer("1", "quick"))
    assert domain.state.items["i-1"].state == "reserved"
    await eventually(lambda: domain.state.items["i-1"].state == "queued")
    assert domain.state.presences["ann"].reason == "no_answer"


async def test_an_accept_sent_in_time_is_decided_before_its_time_out() -> None:
    """Commands already in the stream come first, however late the writer is."""
    hand = Hand()
    store = MemoryStore(World(hand))
    tenure = await tenure_of(store, hand)
    commands = (
        CENTRE,
        c.ConnectClient(agent="ann", client="t", gateway="g"),
        c.SetPresence(agent="ann", state="available"),
        offer("1"),
    )
    for command in commands:
        await submit(store, command)
    await tenure._turn()
    assert tenure.state.items["i-1"].state == "reserved"
    await submit(store, c.AcceptReservation(item="i-1", agent="ann"))
    hand.at += 3_600_000
    await tenure._turn()
    assert tenure.state.items["i-1"].state == "active"


async def test_time_never_goes_back_over_a_restart() -> None:
    hand = Hand()
    store = MemoryStore(World(hand))
    tenure = await tenure_of(store, hand)
    await submit(store, CENTRE)
    await tenure._turn()
    at = (await store.load()).at
    hand.at -= 500
    tenure = await tenure_of(store, hand)
    await submit(store, offer("1"))
    await tenure._turn()
    assert (await store.load()).at >= at


# -- commits ------------------------------------------------------------------------------------------------


def test_a_batch_is_closed_before_a_command_that_would_make_it_too_large() -> None:
    batch = Batch(State(), 0, 1)
    assert not batch.full(10 * limits.COMMIT_SOFT_BYTES), "one larger command commits alone"
    batch.take(1, codec.encode(codec.Submission(command=CENTRE, key="k")))
    assert not batch.full(1)
    assert batch.full(limits.COMMIT_SOFT_BYTES)


async def test_an_entry_says_how_each_of_its_commands_ended(domains: Domains, store_of: Callable[[], Store]) -> None:
    domain = await domains()
    await do(domain, CENTRE)
    await do(domain, offer("1"), key="call-1")
    entry = codec.decode_entry((await store_of().entries(0, 100, 0))[-1][1])
    [handled] = entry.handled
    assert (handled.key, handled.kind, handled.events) == ("call-1", "OfferCall", len(entry.events))
    assert handled.refs == {"item": "i-1", "conversation": "c-1"}


async def test_a_commit_of_thousands_of_records_is_one_entry(domains: Domains) -> None:
    domain = await domains()
    skills = tuple(change(Skill(id=f"s{n}")) for n in range(2_500))
    await do(domain, c.ApplyCentre(changes=skills))
    assert len(domain.state.skills) == 2_500


async def test_effects_land_in_their_outbox_with_the_position_of_their_event(domains: Domains) -> None:
    domain = await domains()
    await do(domain, CENTRE)
    hook = change(Endpoint(id="pbx", url="https://pbx.example/hook"))
    await do(domain, c.ApplyCentre(changes=(hook,)))
    outbox = domain.outbox("webhook", "g")
    await sign_on(domain, "ann")
    outcome = await do(domain, offer("1"))
    found: list[OutboxEntry] = []

    async def reserved() -> bool:
        found.extend(await outbox.read(10, 1))
        return any(entry.body["type"] == "item.reserved" for entry in found)

    await eventually(reserved)
    assert {entry.body["type"] for entry in found} >= {"item.queued", "item.reserved"}
    assert all(entry.position <= outcome.position for entry in found)


async def test_a_rejected_command_is_counted_but_moves_nothing(domains: Domains) -> None:
    domain = await domains()
    assert (await attempt(domain, c.EndCall(call="x"))).rejection == "unknown_call"
    assert domain.position == 0
