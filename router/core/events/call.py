"""Events about phone calls."""

from router.core.events.base import BaseEvent


class CallAnswered(BaseEvent, frozen=True):
    """The agent and the customer are connected."""

    item: str
    agent: str


class CallHeld(BaseEvent, frozen=True):
    """The customer is on hold, or back."""

    item: str
    held: bool


class ConnectFailed(BaseEvent, frozen=True):
    """The agent's phone could not be reached, for the `count`th time on this item."""

    item: str
    agent: str
    count: int
    reason: str = ""
