"""Events about skills that items ask."""

from router.core.events.base import BaseEvent
from router.core.item import Passed
from skills import Requirement


class ItemAskedAnew(BaseEvent, frozen=True):
    """The item asks this now, and stays where it is: a skill that it named became another one, or nothing. `way`: so do
    the queues that it was escalated from, where they named it."""

    item: str
    requirement: Requirement = ()
    wishes: Requirement = ()
    way: tuple[Passed, ...] = ()
