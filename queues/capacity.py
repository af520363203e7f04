"""Capacity: the room an agent has for items, per channel and in all."""

import msgspec


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """Room for one channel: at most `maximum` items at once, each taking `weight` of the agent's total."""

    maximum: int
    weight: int


TOTAL = 100
"""What an agent holds in all when nothing else is said; weights are shares of it."""

DEFAULT_ROOMS: dict[str, Room] = {
    "phone": Room(maximum=1, weight=100),
    "chat": Room(maximum=3, weight=33),
    "email": Room(maximum=2, weight=40),
    "webhook": Room(maximum=2, weight=40),
}
"""One call alone, or three chats, or two e-mails, or a mix that fits: what agents get when the centre is silent."""
