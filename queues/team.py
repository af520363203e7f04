"""A team: agents under one supervisor, on one line; and who serves which queue in which order."""

import msgspec


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """Serving one queue. Lower `order` is asked first; a disabled membership is an overflow one, switched off."""

    order: int = 1
    enabled: bool = True


class Team(msgspec.Struct, frozen=True, kw_only=True, tag="team"):
    """A group of agents. Its members serve the queues of `memberships` unless the agent's own say otherwise."""

    id: str
    names: dict[str, str] = {}
    line: int = 1
    memberships: dict[str, Membership] = {}
    revision: int = 0
