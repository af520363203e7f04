"""What nodes tell each other: it comes to all others, holds nobody up, and is lost rather than kept."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest

from router.api import limits as api_limits
from router.api.passwords import Throttle
from router.api.problems import Problem
from router.core.conversation import Side
from router.runtime import limits
from router.runtime.embedded import Embedded
from router.runtime.peers import RedisPeers
from router.runtime.redis_store import clients
from router.runtime.system import SystemClock
from router.runtime.typing_hub import TypingHub
from tests.support import eventually

pytestmark = pytest.mark.service

Said: TypeAlias = tuple[str, Side, bool]


@pytest.fixture
async def node(server: Embedded) -> AsyncIterator[Callable[..., RedisPeers]]:
    """Makes the way of a node to the others, and lets it run."""
    running: list[asyncio.Task[None]] = []

    def made(name: str, domain: str = "d") -> RedisPeers:
        peers = RedisPeers(clients(server.url, domain), domain, name)
        running.append(asyncio.create_task(peers.run()))
        return peers

    yield made
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _met(*peers: RedisPeers) -> None:
    """Wait until each hears each other: what was told before is lost, as it may be."""
    met: list[set[bytes]] = [set() for _ in peers]
    for peer, heard in zip(peers, met, strict=True):
        peer.hear("met", heard.add)

    def all_met() -> bool:
        for number, peer in enumerate(peers):
            peer.tell("met", b"%d" % number)
        return all(len(heard) == len(peers) - 1 for heard in met)

    await eventually(all_met)


def _noted(hub: TypingHub) -> list[Said]:
    """What a hub tells its listeners, from now on."""
    noted: list[Said] = []
    hub.subscribe(lambda conversation, side, on: noted.append((conversation, side, on)))
    return noted


async def test_typing_is_shown_on_every_other_node_once_and_in_order(node: Callable[..., RedisPeers]) -> None:
    """A customer's browser is on one node and the agent on another; and nothing comes back to who said it."""
    ways = [node("a"), node("b"), node("c")]
    await _met(*ways)
    hubs = [TypingHub(way) for way in ways]
    shown = [_noted(hub) for hub in hubs]
    said: list[Said] = [("conv", "customer", on) for on in (True, False)] * 20
    for what in said:
        await hubs[0].typing(*what)
    await hubs[1].typing("last", "agent", True)
    await eventually(lambda: [len(seen) for seen in shown] == 3 * [len(said) + 1])
    for seen in shown:
        assert [what for what in seen if what[0] == "conv"] == said


async def test_a_guesser_has_no_more_tries_at_several_nodes(node: Callable[..., RedisPeers]) -> None:
    """And whoever logged in at one node is at their usual place for all."""
    ways = [node("a"), node("b")]
    await _met(*ways)
    one, other = (Throttle(SystemClock(), way) for way in ways)
    for _ in range(api_limits.FAILURES_PER_PAIR_MAX):
        one.failed("ann", "192.0.2.1")
    await eventually(lambda: _waits(other, "ann", "192.0.2.1"))
    other.succeeded("ann", "10.0.0.1")
    for number in range(api_limits.FAILURES_PER_LOGIN_MAX):
        other.failed("ann", f"192.0.2.{number}")
    await eventually(lambda: _waits(one, "ann", "198.51.100.1"))
    assert not _waits(one, "ann", "10.0.0.1")


def _waits(throttle: Throttle, login: str, address: str) -> bool:
    try:
        throttle.check(login, address)
    except Problem:
        return True
    return False


async def test_other_domains_hear_nothing_and_nonsense_harms_nobody(node: Callable[..., RedisPeers]) -> None:
    """Whoever may write into Redis may say anything; a node logs that it did not understand, and goes on."""
    here, peer, foreign = node("a"), node("b"), node("c", "other")
    seen, abroad = _noted(TypingHub(here)), _noted(TypingHub(foreign))
    await _met(here, peer)
    peer.tell("typing", b"\xff nonsense")
    peer.tell("nobody listens to this", b"")
    peer.tell("typing", b"x" * (limits.PEERS_BYTES_MAX + 1))
    await TypingHub(peer).typing("conv", "customer", True)
    await eventually(lambda: seen == [("conv", "customer", True)])
    assert abroad == []


async def test_what_cannot_be_told_is_dropped_and_it_goes_on_when_redis_is_back(
    server: Embedded, node: Callable[..., RedisPeers], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest is worth more than the oldest; memory is bounded and nobody waits."""
    monkeypatch.setattr(limits, "PEERS_UNSAID_MAX", 3)
    monkeypatch.setattr(limits, "BACK_OFF_S_MAX", 0.05)
    listening, third = node("b"), node("c")
    heard: list[bytes] = []
    listening.hear("number", heard.append)
    await _met(listening, third)
    late = RedisPeers(clients(server.url, "d"), "d", "a")
    for number in range(10):
        late.tell("number", b"%d" % number)
    jobs = [asyncio.create_task(late.run()), asyncio.create_task(server.run())]
    await eventually(lambda: heard == [b"7", b"8", b"9"])
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)

    def heard_again() -> bool:
        late.tell("number", b"again")
        return heard[-1] == b"again"

    await eventually(heard_again, 10)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
