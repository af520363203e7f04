"""Too much of everything: who is refused is told when to come again and left no trace, who was accepted is there.

Bounds are made small before the house starts (`narrow`), so that a few real requests go past them.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
import socketio
from aiohttp import ClientWebSocketResponse, WSMsgType, web

from router.api import limits
from router.api.app import drain
from router.api.metrics import PUSHER
from router.core import commands as c
from router.rates import Rates
from router.runtime import limits as engine_limits
from router.runtime.system import SystemClock
from tests.api.desk import Desk, desk
from tests.api.house import KEY, Answer, House
from tests.api.test_events import BATCH, STRUCTURED, event, post
from tests.support import eventually

SOCKET = "/socket.io/?EIO=4&transport=websocket"
Open: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def narrow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of the API as the test gives them, before there is a house."""
    for name, value in request.param.items():
        assert hasattr(limits, name)
        monkeypatch.setattr(limits, name, value)


def with_bounds(**bounds: float) -> Callable[[Any], Any]:
    """Run the test in a house with these bounds."""
    return pytest.mark.parametrize("narrow", [bounds], indirect=True, ids=[",".join(bounds)])


def connection(house: House) -> Any:
    """A connection without any client library."""
    return asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))


async def ended(open: Open, within_s: float = 5.0) -> bytes:
    """What came on a connection until the server ended it; whoever is cut off may be reset."""
    reader, writer = open
    told = b""
    async with asyncio.timeout(within_s):
        with contextlib.suppress(ConnectionResetError):
            while data := await reader.read(65_536):
                told += data
    writer.close()
    return told


def refused(answers: list[Answer], status: int, code: str) -> list[Answer]:
    """Those that were refused, each a whole problem that says when to come again."""
    found = [answer for answer in answers if answer.status == status]
    for answer in found:
        answer.problem(status, code)
        assert int(answer.headers["Retry-After"]) >= 1
    return found


def calls(house: House) -> set[str]:
    """The calls that there are items of."""
    return {item.call for item in house.domain.state.items.values()}


# -- too fast -----------------------------------------------------------------------------------------------------


def test_a_bucket_empties_fills_again_and_is_forgotten() -> None:
    clock = SystemClock()
    now = 0
    clock.monotonic_ms = lambda: now  # type: ignore[method-assign]
    rates = Rates(clock, per_s=10, burst=3, kept=2)
    assert [rates.wait_ms("a") for _ in range(4)] == [0, 0, 0, 100]
    now += 100
    assert [rates.wait_ms("a"), rates.wait_ms("a")] == [0, 100]
    assert rates.wait_ms("b", times=2) == 0
    assert rates.wait_ms("b", times=2) == 100
    rates.wait_ms("c")
    assert rates.wait_ms("a") == 0, "the one that was quiet for longest was forgotten"


@with_bounds(KEY_PER_S=0.01, KEY_BURST=20)
async def test_a_key_that_posts_too_fast_is_told_429_and_what_was_202_is_there(narrow: None, house: House) -> None:
    answers = await asyncio.gather(*(post(house, event(f"e{number}")) for number in range(60)))
    taken = [f"call-e{number}" for number, answer in enumerate(answers) if answer.status == 202]
    assert len(taken) == 20
    assert len(refused(answers, 429, "too_many_requests")) == 40
    assert (await house.call("GET", "/api/v1/agents/me", "ann")).status == 200, "nobody else is held up"
    await eventually(lambda: calls(house) >= set(taken))
    assert calls(house) == set(taken)


@with_bounds(KEY_PER_S=0.01, KEY_BURST=20)
async def test_the_events_of_a_batch_count_and_all_or_none_are_taken(narrow: None, house: House) -> None:
    assert (await post(house, [event(f"a{number}") for number in range(15)], BATCH)).status == 202
    answer = await post(house, [event(f"b{number}") for number in range(15)], BATCH)
    assert refused([answer], 429, "too_many_requests")
    await eventually(lambda: len(calls(house)) == 15)
    assert not any(call.startswith("call-b") for call in calls(house))


@with_bounds(ADDRESS_PER_S=0.01, ADDRESS_BURST=5)
async def test_posts_of_strangers_are_counted_by_their_address(narrow: None, house: House) -> None:
    await house.token("ann")
    wrong = {"login": "nobody", "password": "x" * 12}
    answers = [await house.call("POST", "/api/v1/login", json=wrong) for _ in range(8)]
    assert [answer.status for answer in answers] == [401] * 4 + [429] * 4
    refused(answers, 429, "too_many_requests")
    assert (await house.call("GET", "/readyz")).status == 200
    assert (await house.call("GET", "/api/v1/agents/me", "ann")).status == 200


@with_bounds(PERSON_PER_S=0.01, PERSON_BURST=4)
async def test_what_an_agent_says_by_socket_counts_too(narrow: None, house: House) -> None:
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        acks = [await ann.act("phone", phone=str(number)) for number in range(6)]
        assert [ack["ok"] for ack in acks] == [True] * 4 + [False] * 2
        assert acks[-1]["code"] == "too_many_requests" and acks[-1]["retry_ms"] >= 1_000
        assert (await bob.act("phone", phone="1"))["ok"]
    assert house.domain.state.agents["ann"].phone == "3"


# -- a full house -------------------------------------------------------------------------------------------------


@with_bounds(REQUESTS_MAX=3)
async def test_past_the_requests_under_way_the_rest_is_503_and_those_end_well(narrow: None, house: House) -> None:
    house.store.gate.clear()
    wait = STRUCTURED | {"Prefer": "wait=10"}
    asked = [asyncio.create_task(post(house, event(f"e{number}"), wait)) for number in range(10)]
    await eventually(lambda: sum(one.done() for one in asked) == 7)
    assert (await house.call("GET", "/healthz")).status == 200, "who watches is let in"
    house.store.gate.set()
    answers = await asyncio.gather(*asked)
    turned_away = refused(answers, 503, "house_full")
    assert len(turned_away) == 7
    assert len({answer.headers["Retry-After"] for answer in turned_away}) > 1, "not all in the same second"
    assert {answer.body["item"] for answer in answers if answer.status == 200} == set(house.domain.state.items)
    assert len(house.domain.state.items) == 3


@with_bounds(REQUESTS_BYTES_MAX=1_000)
async def test_bodies_that_are_still_on_their_way_have_their_room_reserved(narrow: None, house: House) -> None:
    person, other = await house.token("ann"), await house.token("bob")
    _, writer = await connection(house)
    head = "POST /api/v1/items/x/accept HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Authorization: Bearer {person}\r\nContent-Length: 900\r\n\r\n{{".encode())

    async def status() -> int:
        answer = await house.call(
            "POST", "/api/v1/items/x/accept", headers={"Authorization": f"Bearer {other}"}, data=b" " * 200
        )
        refused([answer], 503, "house_full")
        return answer.status

    async def is_full() -> Any:
        return await status() == 503

    async def has_room() -> Any:
        return await status() != 503

    for condition in (is_full, has_room):
        looked: Callable[[], Awaitable[Any]] = condition
        await eventually(looked)
        writer.close()


async def test_a_full_line_to_the_store_is_503_and_nothing_was_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_limits, "SUBMIT_QUEUE_MAX", 0)
    refused([await post(house, event("e1"))], 503, "house_full")
    batch = await post(house, [event("e2"), event("e3")], BATCH)
    assert [result["problem"]["code"] for result in batch.body["results"]] == ["house_full"] * 2
    assert int(batch.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    assert (await post(house, event("e4"), STRUCTURED | {"Prefer": "wait=5"})).status == 200
    assert calls(house) == {"call-e4"}


async def test_too_many_undecided_commands_are_503(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.store.gate.clear()
    monkeypatch.setattr(engine_limits, "COMMANDS_WAITING_MAX", 2)
    answers = [await post(house, event(f"e{number}")) for number in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 503, 503]
    refused(answers, 503, "house_full")
    house.store.gate.set()
    await eventually(lambda: len(calls(house)) == 2)
    assert calls(house) == {"call-e0", "call-e1"}


@with_bounds(HASHES_WAITING_MAX=0)
async def test_passwords_are_checked_for_so_many_at_once_only(narrow: None, house: House) -> None:
    answer = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": "x" * 12})
    assert refused([answer], 503, "house_full")


@with_bounds(CONNECTIONS_MAX=3, TURNED_AWAY_S=0.2)
async def test_a_connection_too_many_is_answered_503_and_the_next_one_served(narrow: None, house: House) -> None:
    held = [await connection(house) for _ in range(3)]
    asks = await connection(house)
    asks[1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    told = await ended(asks)
    assert told.startswith(b"HTTP/1.1 503 ") and b"house_full" in told and b"\r\nRetry-After: " in told
    assert await ended(await connection(house)) == b"", "who says nothing is hung up on"
    for _, writer in held:
        writer.close()

    async def served() -> Any:
        asks = await connection(house)
        asks[1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return (await ended(asks)).startswith(b"HTTP/1.1 200 ")

    looked: Callable[[], Awaitable[Any]] = served
    await eventually(looked)


# -- slow ones ----------------------------------------------------------------------------------------------------


@with_bounds(BODY_WAIT_S=0.3, LINGER_S=0.1)
async def test_a_body_that_comes_byte_by_byte_is_cut(narrow: None, house: House) -> None:
    asks = await connection(house)
    head = f"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 900\r\n"
    asks[1].write(f"{head}Content-Type: application/cloudevents+json\r\n\r\n".encode())

    told = asyncio.create_task(ended(asks))
    await eventually(lambda: asks[1].write(b" ") or told.done())
    assert (await told).startswith(b"HTTP/1.1 408 ")


@with_bounds(IDLE_S=0.3)
async def test_who_sends_no_whole_head_is_hung_up_on(narrow: None, house: House) -> None:
    silent, halfway, idle = [await connection(house) for _ in range(3)]
    halfway[1].write(b"GET /healthz HTTP/1.1\r\nHo")
    idle[1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await ended(silent) == b""
    assert await ended(halfway) == b""
    assert (await ended(idle)).startswith(b"HTTP/1.1 200 ")


@contextlib.asynccontextmanager
async def by_hand(house: House, login: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    """A websocket that answers no ping, in the namespace as this agent, or in none."""
    async with house.http.ws_connect(SOCKET, autoping=False, max_msg_size=0) as socket:
        await socket.receive_str()
        if login:
            await socket.send_str(f'40/agent,{{"token":"{await house.token(login)}"}}')
            await eventually(lambda: house.domain.state.presences[login].clients)
        yield socket


def stop_reading(socket: ClientWebSocketResponse) -> None:
    """From here on nothing is taken: the kernel's buffers fill, then the server's."""
    connection = socket._response.connection
    assert connection is not None and connection.transport is not None
    connection.transport.pause_reading()


@with_bounds(SOCKET_PACKETS_MAX=100)
async def test_who_talks_and_never_reads_is_cut_off_and_comes_back_to_the_whole_view(
    narrow: None, house: House
) -> None:
    """Answers pile up, not pushes: the library's own queue would hold them all."""
    async with desk(house, "bob") as bob:
        async with by_hand(house, "ann") as ann:
            stop_reading(ann)
            asked = '42/agent,1["nonsense",{}]'  # 700 bytes of answer each: the kernel takes some megabytes of them
            with contextlib.suppress(ConnectionError):
                while house.domain.state.presences["ann"].clients:
                    await ann.send_str(asked)
                    assert house.app[PUSHER].waiting_bytes() <= limits.SOCKET_BYTES_MAX
        assert house.app[PUSHER].waiting_bytes() == 0
        assert (await bob.act("presence", state="available"))["ok"]
    async with desk(house, "ann") as again:
        assert again.view["agent"]["id"] == "ann" and again.views == 1


@with_bounds(PING_INTERVAL_S=0.2, PING_TIMEOUT_S=0.2)
async def test_a_client_that_is_not_there_any_more_is_noticed_and_its_connection_cut(
    narrow: None, house: House
) -> None:
    """Half-open: nothing ends the connection, but no ping is answered."""
    async with by_hand(house, "ann"):
        await eventually(lambda: not house.domain.state.presences["ann"].clients)
        await eventually(lambda: not house.sio.eio.sockets)


@with_bounds(PING_INTERVAL_S=0.2, PING_TIMEOUT_S=0.2)
async def test_a_connection_that_broke_leaves_nothing_for_a_collection_to_find(narrow: None, house: House) -> None:
    """The library ends by exceptions that hold their own frames: a node collects too rarely to live with that."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            async with by_hand(house, "ann") as ann:
                connection = ann._response.connection
                assert connection is not None and connection.transport is not None
                connection.transport.abort()
                await eventually(lambda: not house.domain.state.presences["ann"].clients)
        await eventually(lambda: not any(type(one) is web.WebSocketResponse for one in gc.get_objects()))
    finally:
        gc.enable()


@with_bounds(ENTER_S=0.2)
async def test_a_connection_that_enters_no_namespace_is_cut(narrow: None, house: House) -> None:
    async with by_hand(house) as nobody, desk(house, "ann") as ann:
        assert (await nobody.receive(timeout=5)).type in (WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR)
        assert not ann.gone.is_set()


@with_bounds(HANDSHAKES_AT_ONCE_MAX=1, LINE_MAX=1, HANDSHAKE_S=0.4)
async def test_handshakes_stand_in_line_and_past_it_are_told_when_to_come(narrow: None, house: House) -> None:
    async with by_hand(house):
        second = asyncio.create_task(house.http.ws_connect(SOCKET))
        await asyncio.sleep(0)
        third = await house.call("GET", SOCKET, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert refused([third], 503, "house_full")
        in_line = await asyncio.wait_for(second, 5)
        assert (await in_line.receive_str()).startswith("0")
        await in_line.close()


@with_bounds(REPORTS_MAX=0)
async def test_an_agent_who_finds_no_room_is_told_when_to_come(narrow: None, house: House) -> None:
    one = Desk(house)
    told: list[Any] = []
    one.client.on("connect_error", told.append, namespace="/agent")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await one.connect({"token": await house.token("ann")})
    assert told[0]["data"]["code"] == "house_full" and told[0]["data"]["retry_ms"] >= 1_000


async def test_a_node_that_stops_asks_its_agents_back_one_after_the_other_and_lets_nobody_in(house: House) -> None:
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        await drain(house.sio)
        assert ann.closing["code"] == bob.closing["code"] == "stopping"
        assert ann.closing["retry_ms"] != bob.closing["retry_ms"]
        assert min(ann.closing["retry_ms"], bob.closing["retry_ms"]) >= limits.STOP_RETRY_MS
        told: list[Any] = []
        late = Desk(house)
        late.client.on("connect_error", told.append, namespace="/agent")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await late.connect({"token": await house.token("eve")})
        assert told[0]["message"] == "stopping" and told[0]["data"]["retry_ms"] >= 1_000


async def test_many_agents_who_go_at_once_are_all_gone(house: House) -> None:
    """The manager forgets a client by its own rooms: nobody is left behind in any."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(desk(house, "ann"))
        await house.do(c.SetAgentPhone(agent="ann", phone="9"))
    await eventually(lambda: not house.domain.state.presences["ann"].clients)
    await eventually(lambda: not house.sio.eio.sockets)
    assert house.sio.manager.rooms == {} and house.sio.environ == {}
