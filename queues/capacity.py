"""Capacity: the room an agent has for items, per channel and in all, and who may come while others are held."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from queues.queue import ChannelName


class Room(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Room for one channel: at most `maximum` items at once, each taking `weight` of the agent's total.

    `alone`: while such an item is held nothing of another channel comes. `interruptible_by`: items of these channels
    come whatever such items take of the total; these are then parked with their agent. `silent_ms`: an item whose
    customer has not written for so long (ticks) after the agent's last message takes no room until they do.
    """

    maximum: int
    weight: int
    alone: bool = False
    interruptible_by: tuple[ChannelName, ...] = ()
    silent_ms: int = 0


Rooms = Mapping[str, Room]

TOTAL = 100
"""What an agent holds in all when nothing else is said; weights are shares of it."""

DEFAULT_ROOMS: dict[str, Room] = {
    "phone": Room(maximum=1, weight=100),
    "chat": Room(maximum=3, weight=33),
    "email": Room(maximum=2, weight=40),
    "webhook": Room(maximum=2, weight=40),
}
"""One call alone, or three chats, or two e-mails, or a mix that fits: what agents get when the centre is silent."""

SHARE_WHOLE = 1_000
"""Shares of room are told in thousandths."""


def fits(rooms: Rooms, total: int, held: Iterable[str], channel: str) -> bool:
    """Whether one more item of `channel` may come beside what is held, given as the channel of each."""
    room = rooms.get(channel)
    if room is None:
        return False
    load = room.weight
    same = 0
    for other in held:
        if other == channel:
            same += 1
            load += room.weight
            continue
        taken = rooms.get(other)
        if taken is None or channel in taken.interruptible_by:
            continue
        if taken.alone:
            return False
        load += taken.weight
    return same < room.maximum and load <= total


def share(rooms: Rooms, total: int, held: Iterable[str]) -> int:
    """How much of the total is taken by what is held, in thousandths; of no room at all everything is taken."""
    load = sum(rooms[channel].weight for channel in held if channel in rooms)
    return load * SHARE_WHOLE // total if total > 0 else SHARE_WHOLE


def interrupted(rooms: Rooms, total: int, worked: Collection[str]) -> frozenset[str]:
    """The channels whose items are parked, of those that are worked on: when all together do not fit, what gives way
    to another of them; when they do, none."""
    if not over(rooms, total, worked, parted=False):
        return frozenset()
    return frozenset(
        channel
        for channel in worked
        if channel in rooms and any(by in worked for by in rooms[channel].interruptible_by)
    )


def over(rooms: Rooms, total: int, held: Collection[str], *, parted: bool = True) -> bool:
    """Whether more is held than there is room for. `parted`: what gives way to something held does not count."""
    loads: dict[str, int] = {}
    for channel in held:
        loads[channel] = loads.get(channel, 0) + 1
    rest = 0
    for channel, count in loads.items():
        room = rooms.get(channel)
        if room is None or count > room.maximum:
            return True
        if parted and any(by in loads for by in room.interruptible_by):
            continue
        if room.alone and not parted and len(loads) > 1:
            return True
        rest += count * room.weight
    return rest > total


def circular(rooms: Rooms) -> bool:
    """Whether something could be interrupted, by whatever way, by what it interrupts itself."""
    return any(_reaches(rooms, channel, channel, frozenset()) for channel in rooms)


def _reaches(rooms: Rooms, channel: str, target: str, passed: frozenset[str]) -> bool:
    room = rooms.get(channel)
    if room is None or channel in passed:
        return False
    return any(by == target or _reaches(rooms, by, target, passed | {channel}) for by in room.interruptible_by)
