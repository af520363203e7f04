"""Events about skills that items ask."""

from router.core.events.base import BaseEvent
from skills import Requirement


class ItemAskedAnew(BaseEvent, frozen=True):
    """The item asks this now, and stays where it is: a skill that it named became another one, or nothing."""

    item: str
    requirement: Requirement = ()
    wishes: Requirement = ()
