"""The fast way onto a socket says the same as `emit`, and there is a slow one when the library changes."""

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


async def test_the_slow_way_says_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_wire, "FAST", False)
    async with desk(house, "ann") as ann:
        for number in range(5):
            await house.do(c.SetAgentPhone(agent="ann", phone=str(number)))
        await eventually(lambda: ann.view["agent"]["phone"] == "4")
        assert ann.gaps == 0
