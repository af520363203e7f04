"""An agent: a person who handles items, as the centre describes them. What they do now is in `presence`."""

import msgspec

from queues.capacity import DEFAULT_ROOMS, TOTAL, Room
from queues.team import Membership
from skills import Profile


class Temporary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A skill (at `level`; 0: taken away) or a membership of `queue` (None: taken away) that holds until `until`.

    It lies over what the agent has for good, which shows again by itself when it ends.
    """

    until: int
    skill: str = ""
    level: int = 0
    queue: str = ""
    membership: Membership | None = None

    @property
    def about(self) -> tuple[str, str]:
        """What it lies over: a skill or a queue."""
        return (self.skill, self.queue)


class Agent(msgspec.Struct, frozen=True, kw_only=True, tag="agent"):
    """A person who handles items.

    `memberships` are the agent's own and win over those of their teams. `phone` is an extension, number or
    SIP URI and goes to integrators, who ring it. `language` is only how to address the agent. `temporary` is set
    while it runs and is no part of a centre file.
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
    temporary: tuple[Temporary, ...] = ()
    revision: int = 0
