"""Nothing grows but with what is open: items, waits, sockets and connections go back to where they were (F60-F64)."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio
from aiohttp import ClientSession, ClientWebSocketResponse
from socketio import AsyncServer

from router.api.metrics import PUSHER
from router.core import commands as c
from router.core import limits
from router.core.ask import Ask
from router.core.facts import Facts, MessageFacts
from router.core.lines import Lines
from router.core.state import State
from router.core.step import step
from router.runtime.embedded import Embedded
from router.runtime.memory import World as Memory
from router.runtime.redis_store import connect
from tests.api.house import House as ApiHouse
from tests.chat.conftest import Server, served
from tests.core.world import CENTRE, World
from tests.known.test_races import nodes
from tests.phone.house import House
from tests.runtime.conftest import build, do, offer, sign_on
from tests.support import eventually

ITEMS = 1_500
CONNECTIONS_MAX = 10  # of one node: writer, follower, submits, outcomes, beats, and the one that counts


def sizes(*things: object) -> dict[str, int]:
    """How many entries each collection of these objects has, by the name of its attribute."""
    found = {}
    for thing in things:
        names = getattr(type(thing), "__slots__", None) or vars(thing)
        for name in names:
            value = getattr(thing, name)
            if isinstance(value, Sized) and not isinstance(value, str | bytes):
                found[f"{type(thing).__name__}.{name}"] = len(value)
    return found


def lives(state: State, now: int, first: int, count: int) -> int:
    """That many calls and mails live from their first event until they are forgotten. The clock after it."""

    def do(command: c.Command) -> None:
        nonlocal now
        now += 1
        rejection = step(state, command, now).rejection
        assert rejection is None, rejection
        state.touched.clear()

    for number in range(first, first + count):
        id, agent = f"i{number}", "ann"
        facts = Facts(queue="help", customer=f"cust{number}")
        if number % 2:
            do(c.OfferCall(call=f"k{number}", item=id, conversation=f"c{number}", facts=facts))
        else:
            message = MessageFacts(id=f"m{number}", content="t", natural_key=f"n{number}", thread_keys=(f"t{number}",))
            do(c.ReceiveMessage(channel="email", conversation=f"c{number}", item=id, message=message, facts=facts))
        do(c.AcceptReservation(item=id, agent=agent))
        if not number % 2:
            reply = MessageFacts(id=f"r{number}", content="t")
            do(c.SendReply(item=id, agent=agent, message=reply, delivery=f"d{number}"))
            do(c.StartDelivery(delivery=f"d{number}", attempt=1))
            do(c.EndDelivery(delivery=f"d{number}", attempt=1, result="sent", thread_keys=(f"s{number}",)))
            do(c.SetPending(item=id, agent=agent, until=now + 1_000))
            do(c.ResumeItem(item=id, agent=agent))
        if number % 3:
            do(c.EscalateItem(item=id, agent=agent, reason="x", note="n"))
            do(c.TransferItem(item=id, to_agent="ann"))
            do(c.AcceptReservation(item=id, agent="ann"))
        do(c.CompleteItem(item=id, agent=agent, disposition="x"))
        do(c.Forget(items=(id,)))
    return now


def test_what_is_forgotten_leaves_nothing_behind_in_memory() -> None:
    """F60, F63: not in any index, and no block of memory more than before: the hundredth day is like the first."""
    world = World()
    world.sign_on("ann")
    now = lives(world.state, world.now, 0, 200)
    before = sizes(world.state, world.state.lines)
    gc.collect()
    blocks = sys.getallocatedblocks()
    lives(world.state, now, 200, ITEMS)
    gc.collect()
    assert sizes(world.state, world.state.lines) == before
    assert world.state.items == {}
    assert sys.getallocatedblocks() - blocks < ITEMS / 10


def test_requirements_that_are_all_different_leave_a_bounded_number_of_lines() -> None:
    """F60: whatever customers ask for, the lines that nobody waits in any more are swept."""
    lines = Lines()
    for number in range(2 * limits.CLASSES_KEPT_MAX):
        id = f"i{number}"
        asks = Ask("help", "phone", number % 1_000, (("fr", 1 + number // 1_000),))
        lines.wait(lines.item_class(asks, None), (1, number, id))
        lines.leave((1, number, id))
    assert len(lines._classes) <= limits.CLASSES_KEPT_MAX + 1


async def test_whoever_waits_in_vain_is_forgotten(world: Memory, tmp_path: Path) -> None:
    """F60, F61, F63: for a position that never comes, for an outcome that nobody knows, and who gave up themselves."""
    async with nodes(world, tmp_path, 1) as (node,):
        await do(node, CENTRE)
        parts = (node._follower, node._outcomes, node._submitter)
        before = sizes(*parts)
        far = node.position + 1_000_000
        assert not any(await asyncio.gather(*(node.reached(far + n, 0.01) for n in range(100))))
        impatient = [asyncio.create_task(node.reached(far, 60)) for _ in range(100)]
        await asyncio.sleep(0)
        for task in impatient:
            task.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
        assert sizes(*parts) == before


async def test_a_node_keeps_a_few_connections_however_much_comes_in(server: Embedded, tmp_path: Path) -> None:
    """F61: nothing is subscribed to for an item, a conversation or an agent."""
    client, store = redis.asyncio.from_url(server.url), connect(server.url, "d")
    domain = build(store, tmp_path)
    await domain.start()
    try:
        await do(domain, CENTRE)
        await sign_on(domain, "ann")
        for number in range(0, 80, 4):
            calls = [f"k{number + part}" for part in range(4)]
            await asyncio.gather(*(domain.submit(offer(call)) for call in calls))
            await asyncio.gather(*(domain.submit(c.EndCall(call=call)) for call in calls))
        await eventually(lambda: len(domain.state.items) == 80)
        assert len(await client.client_list()) <= CONNECTIONS_MAX
        assert (await client.pubsub_numpat(), await client.pubsub_channels()) == (0, [])
    finally:
        await domain.stop()
        await store.close()
        await client.aclose()


# -- sockets --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def raw(session: ClientSession, url: str, hello: str) -> AsyncIterator[ClientWebSocketResponse]:
    """A websocket opened by hand, which ends without any goodbye."""
    socket = await session.ws_connect(f"{url}/socket.io/?EIO=4&transport=websocket")
    await socket.receive_str()
    await socket.send_str(hello)
    while not (await socket.receive_str()).startswith("42/"):
        pass
    try:
        yield socket
    finally:
        connection = socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
        await socket.close()


async def cut_off(session: ClientSession, url: str, hellos: list[str], rounds: int, sio: AsyncServer) -> None:
    """Connect and be cut off that many times, several at once, each time until the server has noticed."""

    async def once(hello: str) -> None:
        async with raw(session, url, hello):
            pass

    for _ in range(rounds):
        await asyncio.gather(*(once(hello) for hello in hellos))
        await eventually(lambda: not sio.eio.sockets, 10)


def tasks() -> int:
    """What runs, but for the library's timer of each socket's next ping: it ends by itself when the ping is due."""
    return sum("_send_ping" not in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_hundreds_of_agents_screens_that_are_cut_off_leave_nothing_behind(api: ApiHouse) -> None:
    """F62: no socket, no view, no client, no timer and no task."""
    hellos = [f'40/agent,{{"token":"{await api.token(agent)}"}}' for agent in ("ann", "bob", "eve") for _ in range(5)]
    namespace = api.sio.namespace_handlers["/agent"]
    parts = (api.sio.eio, api.sio.manager, api.sio, namespace, api.app[PUSHER], api.domain._outcomes)

    async def counted(session: ClientSession, rounds: int) -> dict[str, int]:
        await cut_off(session, api.url, hellos, rounds, api.sio)
        presences = api.domain.state.presences.values()
        await eventually(lambda: not any(presence.clients for presence in presences), 10)
        await eventually(lambda: not namespace._reports)
        gc.collect()
        return {name: size for name, size in sizes(*parts).items() if name != "Outcomes._recent"}

    async with ClientSession() as session:
        before, running = await counted(session, 1), tasks()
        assert await counted(session, 12) == before
        await eventually(lambda: tasks() <= running)
        assert api.app[PUSHER].clients() == []


async def test_hundreds_of_browsers_that_are_cut_off_leave_nothing_behind(house: House) -> None:
    """F62: the same for customers' pages, which nobody knows."""
    async with served(house) as server, ClientSession() as session:
        namespace = server.sio.namespace_handlers["/chat"]
        parts = (server.sio.eio, server.sio.manager, server.sio, namespace)

        async def counted(server: Server, rounds: int) -> dict[str, int]:
            await cut_off(session, server.url, ['40/chat,{"site":"shop"}'] * 15, rounds, server.sio)
            gc.collect()
            return sizes(*parts)

        before, running = await counted(server, 1), tasks()
        assert await counted(server, 12) == before
        await eventually(lambda: tasks() <= running)
