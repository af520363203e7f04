"""The skeleton server: durable POST, one writer, fenced group commit, follower, Socket.IO push; nothing else.

No routing (the next free agent gets the item), no accounts, no validation, no history. What it does it does for
real and as the measurements advise: each of an item's three commands is made durable before it is answered, read
by the writer from the stream, committed in one Lua call a batch, and acted on only when it comes back from the
event stream. It is the reference, so it has to stay honest: make it faster where that is possible.
"""

import asyncio
import json
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import socketio
import uvloop
from aiohttp import web
from redis.asyncio import Redis

from router.bench import bench_centre, limits
from router.logs import configure
from router.runtime.embedded import Embedded

_COMMANDS, _EVENTS, _RECORDS, _TOKEN, _POSITION = "s:commands", "s:events", "s:records", "s:token", "s:position"
_NAMESPACE = "/agent"
HOST = "127.0.0.1"
_COMMIT = Path(__file__).with_name("commit.lua")
_RECORD_BYTES = 600  # what a work item's record comes to


class _Posted(msgspec.Struct):
    call: str


class _Event(msgspec.Struct):
    id: str
    data: _Posted


class _Command(msgspec.Struct, array_like=True):
    kind: str
    """offer, accept or complete."""
    item: str
    agent: str = ""


class _Fact(msgspec.Struct, array_like=True):
    kind: str
    item: str
    agent: str
    command: str


async def _read(redis: Redis, stream: str, after: str) -> list[tuple[str, bytes]]:
    """Entries past `after` as (id, data), waiting for the first; maybe none."""
    read: Any = await redis.xread({stream: after}, limits.BATCH_MAX, limits.READ_BLOCK_MS)
    return [(id.decode(), fields[b"d"]) for _, entries in read for id, fields in entries]


class CommandStream:
    """Appends commands; whatever waits goes in one pipeline, so that one fsync serves all."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[bytes, asyncio.Future[str]]] = []
        self._wake = asyncio.Event()

    async def put(self, command: _Command) -> str:
        """The stream id of the command, once it is durable."""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((msgspec.msgpack.encode(command), done))
        self._wake.set()
        return await done

    async def run(self) -> None:
        """Flush for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            pipeline = self._redis.pipeline(transaction=False)
            for data, _ in waiting:
                pipeline.xadd(_COMMANDS, {"d": data}, maxlen=limits.STREAM_LENGTH_MAX)
            for (_, done), id in zip(waiting, await pipeline.execute(), strict=True):
                if not done.cancelled():
                    done.set_result(id.decode())


class Writer:
    """Reads commands in order, hands items to the next free agent, commits."""

    def __init__(self, redis: Redis, agents: deque[str]) -> None:
        self._redis = redis
        self._idle = agents
        self._items: deque[str] = deque()
        self._position = 0
        self._commit: Any = redis.register_script(_COMMIT.read_text())

    async def run(self) -> None:
        """Commit for ever."""
        await self._redis.set(_TOKEN, "1")
        after = "0"
        while True:
            entries = await _read(self._redis, _COMMANDS, after)
            if entries:
                after = entries[-1][0]
                await self._step([(id, msgspec.msgpack.decode(data, type=_Command)) for id, data in entries])

    async def _step(self, commands: list[tuple[str, _Command]]) -> None:
        facts: list[_Fact] = []
        puts: dict[str, bytes] = {}
        drops: list[str] = []
        for id, command in commands:
            if command.kind == "offer":
                self._items.append(command.item)
            elif command.kind == "complete":
                self._idle.append(command.agent)
                puts.pop(command.item, None)
                drops.append(command.item)
            else:
                puts[command.item] = command.agent.encode().ljust(_RECORD_BYTES)
            if command.kind != "offer":
                facts.append(_Fact(command.kind, command.item, command.agent, id))
            while self._items and self._idle:
                item, agent = self._items.popleft(), self._idle.popleft()
                puts[item] = agent.encode().ljust(_RECORD_BYTES)
                facts.append(_Fact("reserve", item, agent, id))
        await self._write(facts, puts, drops)

    async def _write(self, facts: list[_Fact], puts: dict[str, bytes], drops: list[str]) -> None:
        records = [part for pair in puts.items() for part in pair]
        expected, self._position = self._position, self._position + max(1, len(facts))
        await self._commit(
            keys=[_TOKEN, _EVENTS, _RECORDS, _POSITION],
            args=["1", expected, self._position, msgspec.msgpack.encode(facts), len(puts), *records, *drops],
        )


class Skeleton:
    """The faces: POST, sockets, and the follower that pushes."""

    def __init__(self, redis: Redis, agents: int) -> None:
        self._redis = redis
        self._commands = CommandStream(redis)
        self._writer = Writer(redis, deque(bench_centre.agent_ids(agents)))
        self._sockets: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._sio = socketio.AsyncServer(
            async_mode="aiohttp", transports=["websocket"], json=_MsgspecJson, async_handlers=False
        )
        self._sio.on("connect", self._connected, namespace=_NAMESPACE)
        self._sio.on("presence", self._presence, namespace=_NAMESPACE)
        self._sio.on("accept", self._accept, namespace=_NAMESPACE)
        self._sio.on("complete", self._complete, namespace=_NAMESPACE)
        self._tasks: list[asyncio.Task[None]] = []

    def app(self) -> web.Application:
        """The web application; its tasks start and stop with it."""
        app = web.Application()
        app.router.add_post("/api/v1/events", self._posted)
        self._sio.attach(app)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)
        return app

    async def _start(self, app: web.Application) -> None:
        runs = (self._commands.run(), self._writer.run(), self._follow())
        self._tasks = [asyncio.create_task(self._guarded(run)) for run in runs]

    async def _stop(self, app: web.Application) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _guarded(self, run: Any) -> None:
        try:
            await run
        except Exception as error:
            sys.exit(f"skeleton: {error!r}")

    async def _posted(self, request: web.Request) -> web.Response:
        event = msgspec.json.decode(await request.read(), type=_Event)
        id = await self._commands.put(_Command("offer", event.data.call))
        return web.Response(status=202, body=msgspec.json.encode({"receipt": id}), content_type="application/json")

    async def _connected(self, sid: str, environ: dict[str, Any], auth: dict[str, str]) -> None:
        self._sockets[auth["token"]] = sid
        self._agents[sid] = auth["token"]

    async def _presence(self, sid: str, action: dict[str, str]) -> dict[str, str]:
        return {}

    async def _accept(self, sid: str, action: dict[str, str]) -> dict[str, str]:
        return await self._act(_Command("accept", action["item"], self._agents[sid]))

    async def _complete(self, sid: str, action: dict[str, str]) -> dict[str, str]:
        return await self._act(_Command("complete", action["item"], self._agents[sid]))

    async def _act(self, command: _Command) -> dict[str, str]:
        id = await self._commands.put(command)
        done = self._waiting.setdefault(id, asyncio.get_running_loop().create_future())
        await done
        del self._waiting[id]
        return {}

    async def _follow(self) -> None:
        after = "0"
        while True:
            for position, data in await _read(self._redis, _EVENTS, after):
                after = position
                for fact in msgspec.msgpack.decode(data, type=list[_Fact]):
                    await self._apply(fact, position)

    async def _apply(self, fact: _Fact, position: str) -> None:
        if fact.kind != "reserve":
            # The follower may be ahead of the reply that tells the command's id: then the future waits here.
            done = self._waiting.setdefault(fact.command, asyncio.get_running_loop().create_future())
            done.set_result(None)
            return
        reservation = {"id": fact.command, "agent": fact.agent}
        item = {"id": fact.item, "call": fact.item, "state": "reserved", "channel": "phone", "reservation": reservation}
        body = {"position": position, "before": "", "set": {"items": {fact.item: item}}, "drop": []}
        await self._sio.emit("change", body, to=self._sockets.get(fact.agent, ""), namespace=_NAMESPACE)


class _MsgspecJson:
    """The json module that python-socketio uses, with msgspec's encoder (measured: 10 us less per emit)."""

    JSONDecodeError = json.JSONDecodeError

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        return msgspec.json.decode(text)


async def _serve(folder: Path, agents: int) -> None:
    valkey = Embedded(folder / "valkey")
    await valkey.start()
    runner = web.AppRunner(Skeleton(Redis.from_url(valkey.url, socket_timeout=None), agents).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await valkey.stop()


def main() -> None:
    """`python -m router.bench.skeleton.server FOLDER AGENTS`: serve until killed; the first line tells the port."""
    configure("warning")
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
