"""Calling customers back, as actions on an item (see `work`): arranging it, and saying that nobody answered."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from queues.callback import Window
from router.api import limits
from router.api.acting import ActionBody, ItemAction, Made, Reason, one_line
from router.api.commanding import Call
from router.api.problems import Problem, ProblemPart
from router.api.rights import may
from router.api.writing import numbered
from router.core import commands as c
from router.core import limits as core
from router.core.concern import item_teams
from router.core.facts import Facts
from router.core.item import WorkItem
from router.core.rejections import CODES
from router.core.state import State


class WindowBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time in which a customer can be called."""

    start_at_ms: int
    end_at_ms: int


class CallBack(ActionBody, frozen=True):
    """Have the customer of this item called back: by you first of all (`mine`), in one of these `windows` or as soon as
    possible, at most `attempts` times (0: as the queue says). `number`: where, if not where they called from."""

    number: Annotated[str, msgspec.Meta(max_length=limits.CUSTOMER_NAME_CHARS_MAX)] = ""
    windows: Annotated[tuple[WindowBody, ...], msgspec.Meta(max_length=core.WINDOWS_MAX)] = ()
    attempts: Annotated[int, msgspec.Meta(ge=0, le=core.ATTEMPTS_MAX)] = 0
    mine: bool = True


class Unreached(ActionBody, frozen=True):
    """The customer whom I was to call back did not answer, or was engaged."""

    reason: Reason = ""


def windows_of(bodies: Sequence[WindowBody]) -> tuple[Window, ...]:
    """The times that a body names."""
    return tuple(Window(start=body.start_at_ms, end=body.end_at_ms) for body in bodies)


async def _call_back(call: Call, item: str, body: CallBack) -> Made:
    state = call.deps.gateway.state
    record = state.items.get(item)
    if record is None:
        raise Problem("unknown_item", "There is no open item with this id.", subject=item)
    if record.agent != body.agent and not may(call.principal, "item.supervise", item_teams(state, record.queue, "")):
        raise Problem("not_yours", CODES["not_yours"], subject=item)
    number, contents = numbered(call.deps, body.number) if body.number else (_called_from(state, record), {})
    if not number:
        said = "Say which number to call: nobody knows where this customer can be called."
        raise Problem("invalid", said, errors=(ProblemPart(pointer="/number", detail=said),))
    facts = Facts(
        queue=record.queue,
        requirement=record.requirement,
        wishes=record.wishes,
        language=record.language,
        category=record.category,
        customer=record.customer,
        address=number,
        related=item,
    )
    command = c.AskCallback(
        item=call.deps.ids.new("item"),
        conversation=call.deps.ids.new("conv"),
        facts=facts,
        number=number,
        of=item,
        agent=body.agent if body.mine else "",
        windows=windows_of(body.windows),
        attempts=body.attempts,
    )
    return Made(command, contents)


def _called_from(state: State, item: WorkItem) -> str:
    """The content that says where a call came from, or where it is to be called; '' for what was no call."""
    if item.callback is not None and item.callback.number:
        return item.callback.number
    conversation = state.conversations.get(item.conversation)
    return conversation.address if conversation is not None and item.channel == "phone" else ""


async def _unreached(call: Call, item: str, body: Unreached) -> Made:
    return Made(c.FailCallback(item=item, agent=body.agent, reason=one_line(body.reason)))


CALLING_ACTIONS: Final[dict[str, ItemAction]] = {
    "call_back": ItemAction(CallBack, _call_back),
    "unreached": ItemAction(Unreached, _unreached),
}
