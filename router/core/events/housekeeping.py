"""Events about what left memory, alarms, and commands set aside."""

from router.core.events.base import BaseEvent


class ItemsForgotten(BaseEvent, frozen=True):
    """Closed items left memory; the archive has them."""

    items: tuple[str, ...]


class AlarmRaised(BaseEvent, frozen=True):
    """Something a supervisor must look at: a stable code, and what it is about."""

    code: str
    subject: str
    count: int = 0


class CommandPoisoned(BaseEvent, frozen=True):
    """A command that made the core fail was set aside; a person has to look at it."""

    command: int
    reason: str
