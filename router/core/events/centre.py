"""Events about the centre itself."""

from queues.capacity import Room
from queues.queue import ChannelName, Closed
from queues.team import Membership
from router.core.commands.centre import CentreRecord
from router.core.events.base import BaseEvent


class RecordPut(BaseEvent, frozen=True):
    """A record of the centre is now this (its revision included)."""

    record: CentreRecord


class RecordDropped(BaseEvent, frozen=True):
    """A record of the centre is gone."""

    kind: str
    id: str


class AgentSkillChanged(BaseEvent, frozen=True):
    """The agent has the skill at this level now; 0 means no longer. `until`: only for a time."""

    agent: str
    skill: str
    level: int
    revision: int
    until: int | None = None


class MembershipChanged(BaseEvent, frozen=True):
    """The agent serves the queue like this now; None means no longer by themselves. `until`: only for a time."""

    agent: str
    queue: str
    membership: Membership | None
    revision: int
    until: int | None = None


class TemporaryEnded(BaseEvent, frozen=True):
    """A temporary skill or membership is over: what the agent has for good counts again."""

    agent: str
    revision: int
    skill: str = ""
    queue: str = ""


class QueueClosed(BaseEvent, frozen=True):
    """The queue takes nothing new."""

    queue: str
    closed: Closed
    revision: int


class QueueOpened(BaseEvent, frozen=True):
    """The queue takes work again."""

    queue: str
    revision: int


class CapacityChanged(BaseEvent, frozen=True):
    """The agent's room for a channel, and their total, are now these."""

    agent: str
    channel: ChannelName
    room: Room | None
    total: int
    revision: int


class AgentPhoneChanged(BaseEvent, frozen=True):
    """The agent's calls go to this address now."""

    agent: str
    phone: str
    revision: int
