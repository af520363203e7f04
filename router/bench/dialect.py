"""What the generator says and hears, in one place, so that the skeleton and the server are spoken to alike.

Typed with msgspec: only what the generator needs is decoded.
"""

import msgspec


class PushedReservation(msgspec.Struct, frozen=True):
    """The reservation of an item's view."""

    id: str


class PushedItem(msgspec.Struct, frozen=True):
    """The part of an item's view that tells a new reservation."""

    id: str
    call: str = ""
    state: str = ""
    reservation: PushedReservation | None = None


class PushedAgent(msgspec.Struct, frozen=True):
    """The part of the agent's own view that tells whether they still get work."""

    state: str = ""


class PushedSet(msgspec.Struct, frozen=True):
    """What is new or different in the agent's view."""

    agent: PushedAgent = PushedAgent()
    items: dict[str, PushedItem] = {}


class PushedChange(msgspec.Struct, frozen=True):
    """The body of a `change`."""

    set: PushedSet = PushedSet()


class Answer(msgspec.Struct, frozen=True):
    """The acknowledgement of an action: its problem code is empty when it was done."""

    code: str = ""


_change = msgspec.json.Decoder(tuple[str, PushedChange])
_answer = msgspec.json.Decoder(tuple[Answer])
_encode = msgspec.json.Encoder().encode
_CHANGE = '["change"'


def changed(event: str) -> PushedSet:
    """What an event changes in its receiver's view. Raises msgspec.ValidationError for another shape."""
    return _change.decode(event)[1].set if event.startswith(_CHANGE) else PushedSet()


def accepted(ack: str) -> bool:
    """Whether an action was done."""
    return not _answer.decode(ack)[0].code


def available() -> bytes:
    """The event by which an agent starts to work."""
    return _encode(["presence", {"state": "available"}])


def accept(item: str) -> bytes:
    """The event by which an agent takes an item."""
    return _encode(["accept", {"item": item}])


def complete(item: str, disposition: str) -> bytes:
    """The event by which an agent closes an item."""
    return _encode(["complete", {"item": item, "disposition": disposition}])


def call_offered(call: str, number: str) -> bytes:
    """The event of a caller who waits, as the integrator posts it."""
    return _event(call, "call.offered", {"call": call, "from": "+3225550100", "to": number})


def call_ended(call: str) -> bytes:
    """The event of a caller who hung up."""
    return _event(f"{call}-ended", "call.ended", {"call": call})


def _event(id: str, type: str, data: dict[str, str]) -> bytes:
    """CloudEvents 1.0, structured mode."""
    return _encode({"specversion": "1.0", "id": id, "source": "bench", "type": type, "data": data})
