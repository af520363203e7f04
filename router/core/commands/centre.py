"""Commands about the centre itself: what supervisors edit while it runs."""

from typing import TypeAlias

import msgspec

from queues.capacity import Room
from queues.category import Category, Code
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours
from queues.queue import ChannelName, Queue
from queues.rule import Rule
from queues.team import Membership, Team
from router.core.agent import Agent
from router.core.commands.base import BaseCommand
from skills import Skill

CentreRecord: TypeAlias = Skill | Team | Queue | Category | Code | Hours | EntryPoint | Endpoint | Rule | Agent
"""What a contact centre is made of and supervisors edit. A record's kind is its msgspec tag."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record put (`record`) or dropped (`record` is None). `seen` is the revision the editor looked at:
    0 for a new record, None to overwrite whatever is there.

    Of a skill that is dropped, `becomes` says which one takes its place in all that names it ('' for none): in the
    records that this command leaves alone, and in what open items ask. None: it is dropped only if nothing names it.
    """

    kind: str
    id: str
    record: CentreRecord | None = None
    seen: int | None = None
    becomes: str | None = None


class ApplyCentre(BaseCommand, frozen=True):
    """Apply all changes as one, or none of them."""

    changes: tuple[Change, ...]


class SetAgentSkill(BaseCommand, frozen=True):
    """Give an agent a skill at a level, or take it away (level 0). Applies at once to what waits.

    `until` makes it temporary: what was for good comes back by itself then.
    """

    agent: str
    skill: str
    level: int
    until: int | None = None
    seen: int | None = None


class SetMembership(BaseCommand, frozen=True):
    """Let an agent serve a queue, change how, or end it (`membership` is None); for a time when `until` is given."""

    agent: str
    queue: str
    membership: Membership | None = None
    until: int | None = None
    seen: int | None = None


class SetCapacity(BaseCommand, frozen=True):
    """Change an agent's room for one channel (None takes it away) and, if given, their total."""

    agent: str
    channel: ChannelName
    room: Room | None = None
    total: int | None = None
    seen: int | None = None


class SetAgentPhone(BaseCommand, frozen=True):
    """Where this agent's calls are put through to."""

    agent: str
    phone: str


class CloseQueue(BaseCommand, frozen=True):
    """Let nothing new into a queue: what comes goes to `overflow`, else is told `message` (by language), and
    callers may ask to be called back if `callback` says so.

    What waits in it is served on.
    """

    queue: str
    message: dict[str, str] = {}
    overflow: str = ""
    callback: bool = False
    seen: int | None = None


class OpenQueue(BaseCommand, frozen=True):
    """Let a closed queue take work again."""

    queue: str
    seen: int | None = None
