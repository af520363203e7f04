"""The fast way onto a socket says the same as `emit`, and there is a slow one when the library changes."""

import asyncio
from typing import Any

import pytest
from engineio import packet as engineio_packet
from socketio import packet as socketio_packet

from router.api import socket_wire
from router.core import commands as c
from tests.api.desk import desk
from tests.api.house import House
from tests.support import eventually


def test_the_inside_of_the_library_is_the_one_we_know() -> None:
    assert socket_wire.FAST


@pytest.mark.parametrize("body", [{}, {"text": 'é "quoted" \\ \n'}, [1, None, True], "text"])
def test_our_packet_is_the_librarys_packet(body: Any) -> None:
    theirs = socketio_packet.Packet(socketio_packet.EVENT, ["view", body], namespace="/agent")
    theirs.json = socket_wire.SocketJson
    ours = socket_wire.packed("view", socket_wire.SocketJson.dumps(body).encode())
    assert ours == theirs.encode()
    assert engineio_packet.Packet(engineio_packet.MESSAGE, ours).encode() == f"4{ours}"


def test_what_is_no_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="truncated"):
        socket_wire.SocketJson.loads("{")
    with pytest.raises(ValueError, match="recursion"):
        socket_wire.SocketJson.loads("[" * 100_000)


NONSENSE = (
    *('42["accept",{}]', '42/chat,["message",{}]', "43/agent,5[1]", "43/agent,[1]"),
    *("4", "4x", "47", "44/agent,{}", "42", "42/agent,[", "42/agent,{}", "42/agent,[]", "42/agent,[1]"),
    *('42/agent,1["accept",{"item":"\\ud800"}]', '42/agent,1["seen",{"up_to":1e400}]', '451-/agent,["accept",{}]'),
    *(
        b"abc",
        '451-/agent,["accept",{"_placeholder":true,"num":7}]',
        b"\0",
        "42/agent,1" + "[" * 100_000,
        "46/agent,[]",
    ),
)


async def test_nonsense_on_a_socket_is_not_heard_and_not_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """No client library sends it, so it goes out by hand, and the socket is still there afterwards."""
    async with house.http.ws_connect("/socket.io/?EIO=4&transport=websocket") as socket:
        token = await house.token("ann")
        await socket.send_str(f'40/agent,{{"token":"{token}"}}')
        for packet in NONSENSE:
            await (socket.send_bytes(packet) if isinstance(packet, bytes) else socket.send_str(packet))
        await socket.send_str('42/agent,7["phone",{"phone":"555"}]')
        async with asyncio.timeout(5):
            while not (await socket.receive_str()).startswith('43/agent,7[{"ok":true'):
                pass
    assert house.domain.state.agents["ann"].phone == "555"
    assert [record for record in caplog.records if record.name.startswith(("engineio", "socketio"))] == []


async def test_the_slow_way_says_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_wire, "FAST", False)
    async with desk(house, "ann") as ann:
        for number in range(5):
            await house.do(c.SetAgentPhone(agent="ann", phone=str(number)))
        await eventually(lambda: ann.view["agent"]["phone"] == "4")
        assert ann.gaps == 0
