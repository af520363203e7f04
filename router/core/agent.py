"""An agent: a person who handles items, as the centre describes them. What they do now is in `presence`."""

import msgspec

from queues.capacity import DEFAULT_ROOMS, TOTAL, Room
from queues.team import Membership
from skills import Profile


class Agent(msgspec.Struct, frozen=True, kw_only=True, tag="agent"):
    """A person who handles items.

    `memberships` are the agent's own and win over those of their teams. `phone` is an extension, number or
    SIP URI and goes to integrators, who ring it. `languages` is only how to address the agent.
    """

    id: str
    name: str = ""
    teams: tuple[str, ...] = ()
    skills: Profile = ()
    memberships: dict[str, Membership] = {}
    rooms: dict[str, Room] = msgspec.field(default_factory=lambda: dict(DEFAULT_ROOMS))
    total: int = TOTAL
    phone: str = ""
    language: str = ""
    disabled: bool = False
    revision: int = 0
