"""Hundreds of agents at once on a real node: a lost network, a stop, readers that stop. In full size: `make storm`."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from router.api import limits
from router.bench import bench_centre, dialect, storm
from router.bench.house import HOST, House
from router.bench.wire_client import WireClient
from router.runtime.accounts import Account, Grant
from tests.support import eventually

pytestmark = [pytest.mark.slow, pytest.mark.service]

CLIENTS = 300
AGENTS = 500
TALKERS = 4
MIB = 1024 * 1024


@contextlib.asynccontextmanager
async def node(folder: Path) -> AsyncIterator[tuple[House, dict[str, str]]]:
    """A node with agents, and their tokens."""
    names = bench_centre.agent_ids(AGENTS)
    people = [Account(login=name, agent=name, grants=(Grant(role="agent", teams=("bench",)),)) for name in names]
    house = await House.start(folder, people)
    try:
        await house.apply(bench_centre.centre(AGENTS))
        yield house, {name: house.token(name) for name in names}
    finally:
        await house.stop()


@contextlib.asynccontextmanager
async def sockets() -> AsyncIterator[aiohttp.ClientSession]:
    """Where any number of connections are open at once."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


def test_agents_whose_network_was_gone_are_all_back_and_the_others_worked_on() -> None:
    command = [
        sys.executable,
        "-m",
        "router.cli",
        "bench",
        "storm",
        "--clients",
        str(CLIENTS),
        "--rounds",
        "1",
        "--json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = msgspec.json.decode(ran.stdout.splitlines()[-1], type=storm.Figures)
    assert (figures.clients, figures.missing, figures.lost) == (CLIENTS, 0, 0)
    assert figures.back_last_s < 30
    assert figures.rss_after_mib - figures.rss_before_mib < 60, "a client that came back left nothing behind"


async def test_a_stop_asks_hundreds_of_agents_back_spread_over_time(tmp_path: Path) -> None:
    told: dict[str, int] = {}

    async def heard(client: WireClient, event: str) -> None:
        if event.startswith('["closing"'):
            said = msgspec.json.decode(event)[1]
            assert said["code"] == "stopping"
            told[client.name] = said["retry_ms"]

    async with node(tmp_path / "node") as (house, tokens), sockets() as session:
        clients = [WireClient(name, "/agent", heard) for name in tokens]
        at_once = asyncio.Semaphore(limits.HANDSHAKES_AT_ONCE_MAX)

        async def connect(client: WireClient) -> None:
            async with at_once:
                await client.connect(session, house.url, {"token": tokens[client.name]})

        await asyncio.gather(*(connect(client) for client in clients))
        running = [asyncio.create_task(client.run()) for client in clients]
        await house.stop()
        await asyncio.wait_for(asyncio.gather(*running), 10)
    assert told.keys() == tokens.keys()
    when = sorted(told.values())
    assert when[0] >= limits.STOP_RETRY_MS
    assert when[-1] - when[0] >= (AGENTS - 1) * limits.STOP_STEP_MS - 1, "not all in the same moment"
    assert max(when.count(moment) for moment in when) == 1


async def test_readers_that_stop_are_cut_and_neither_memory_nor_the_others_feel_it(tmp_path: Path) -> None:
    """They go on asking, so that answers pile up for them; a colleague works meanwhile."""
    acks: list[float] = []

    async def nothing(client: WireClient, event: str) -> None:
        pass

    async def answered(client: WireClient, ack: str) -> None:
        acks.append(time.perf_counter())

    async with node(tmp_path / "node") as (house, tokens), sockets() as session:
        names = iter(tokens)
        colleague = WireClient(next(names), "/agent", nothing)
        await colleague.connect(session, house.url, {"token": tokens[colleague.name]})
        listening = asyncio.create_task(colleague.run())
        memory = storm.Memory(house.server.pid)
        before = await asyncio.to_thread(memory.now)
        port = int(house.url.rpartition(":")[2])
        talking = [
            asyncio.create_task(asyncio.to_thread(talk_until_cut, port, tokens[next(names)])) for _ in range(TALKERS)
        ]
        waits: list[float] = []
        while not all(talk.done() for talk in talking):
            asked = time.perf_counter()
            await colleague.call(dialect.available(), answered)
            await eventually(lambda: len(acks) > len(waits))
            waits.append(acks[-1] - asked)
            await asyncio.to_thread(memory.now)
        await asyncio.gather(*talking)
        await colleague.close()
        await listening
    assert memory.peak - before < TALKERS * limits.SOCKET_BYTES_MAX / MIB + 60
    assert max(waits) < 2, "a colleague's answer did not wait for them"


def talk_until_cut(port: int, token: str) -> None:
    """A client that asks and never reads, until the server has enough of it. By hand: libraries read ahead."""
    with socket.create_connection((HOST, port)) as line:
        head = f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {HOST}:{port}\r\nUpgrade: websocket\r\n"
        key = "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        line.sendall((head + key).encode() + frame(f'40/agent,{{"token":"{token}"}}'))
        with contextlib.suppress(ConnectionError):
            while True:
                line.sendall(frame('42/agent,1["nonsense",{}]') * 100)


def frame(text: str) -> bytes:
    """One websocket message of a client (RFC 6455 section 5.2), masked by zeros."""
    size = len(text).to_bytes(2, "big")
    return b"\x81\xfe" + size + bytes(4) + text.encode()
