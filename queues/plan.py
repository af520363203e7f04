"""The plan of a queue: the timed steps by which a waiting item asks less, or asks elsewhere."""

import msgspec

from skills import Proficiency


class RelaxStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changes for an item once it has waited `after_ms` (ticks, counted from its entry into the queue).

    `drop`: terms that are asked no more. `lower`: terms of which less will do. `members`: only agents whose order in
    the queue is at most this take part; a later step widens it. `teams`: their agents take part too, whatever they
    serve, after the queue's own. `queues`: who serves these takes part too. `priority` is added. `overflow`: the item
    moves to that queue. `callback`: the customer is offered to be called back. `alert`: an alarm with this code.
    """

    after_ms: int
    drop: tuple[str, ...] = ()
    lower: dict[str, Proficiency] = {}
    members: int | None = None
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    priority: int = 0
    overflow: str = ""
    callback: bool = False
    alert: str = ""
