"""Events about calling customers back."""

from typing import Literal, TypeAlias

from router.core.events.base import BaseEvent
from router.core.item import Callback

Offered: TypeAlias = Literal["closed", "full", "late", "plan"]


class CallbackOffered(BaseEvent, frozen=True):
    """The caller may be asked whether they want to be called back: their queue is closed or full, they have waited
    long, or its plan says so."""

    item: str
    why: Offered


class CallbackAsked(BaseEvent, frozen=True):
    """The customer of this item is to be called back: they need not wait on the line."""

    item: str
    callback: Callback


class CallbackDialled(BaseEvent, frozen=True):
    """The customer is being called, as this call."""

    item: str
    call: str


class CallbackFailed(BaseEvent, frozen=True):
    """The customer was not reached, at this attempt."""

    item: str
    agent: str
    attempt: int
    reason: str = ""


class CallbackMissed(BaseEvent, frozen=True):
    """A time in which the customer was to be called has passed without a call."""

    item: str
