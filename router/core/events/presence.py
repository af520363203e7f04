"""Events about presence."""

from router.core.events.base import BaseEvent
from router.core.presence import PresenceState


class ClientConnected(BaseEvent, frozen=True):
    """A client of the agent is there."""

    agent: str
    client: str
    gateway: str


class ClientLost(BaseEvent, frozen=True):
    """A client of the agent is gone."""

    agent: str
    client: str


class PresenceChanged(BaseEvent, frozen=True):
    """The agent is now in this state, for this reason."""

    agent: str
    state: PresenceState
    reason: str = ""


class NotReadyPlanned(BaseEvent, frozen=True):
    """The agent gets nothing new, and will be not ready for this reason once they hold nothing."""

    agent: str
    reason: str
