"""What every action on an item is made of: its body, and the function that makes the command of it (see `work`)."""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

import msgspec

from router.api import limits
from router.api.commanding import Call
from router.api.problems import Problem, ProblemPart
from router.api.rights import Action
from router.api.writing import written
from router.core import commands as c

Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
Reason: TypeAlias = Annotated[str, msgspec.Meta(max_length=limits.REASON_CHARS_MAX)]
"""Why, in a person's own words: what is kept is made of it by `one_line`."""
Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class ActionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said with an action."""

    agent: Name = ""
    """For whom it is done: yourself when left out. Supervisors may name an agent of theirs."""


@dataclass(frozen=True, slots=True)
class Made:
    """A command ready to be submitted, with the contents that it names. `then`: what is written beside the log once
    it is accepted."""

    command: c.Command
    contents: Mapping[str, bytes] = field(default_factory=dict)
    then: Callable[[], Awaitable[None]] | None = None


Maker: TypeAlias = Callable[[Call, str, Any], Awaitable[Made]]
"""Makes the command from the call, the item and the body, whose `agent` is filled in."""


@dataclass(frozen=True, slots=True)
class ItemAction:
    """One thing that can be done with an item: its body, its maker and the right it takes."""

    body: type[Any]
    make: Maker
    action: Action = "item.work"


def one_line(reason: str) -> str:
    """A reason as it is kept: one line, without blanks that say nothing. Raises Problem for control characters."""
    said = " ".join(reason.split())
    if any(unicodedata.category(character) == "Cc" for character in said):
        told = "A reason is plain text; leave out control characters."
        raise Problem("invalid", told, errors=(ProblemPart(pointer="/reason", detail=told),))
    return said


async def optional_text(call: Call, text: str, pointer: str = "/note") -> tuple[str, Mapping[str, bytes]]:
    """The content id of a text that may be missing, with the contents to submit."""
    if not text.strip():
        return "", {}
    kept = await written(call, text, pointer)
    return kept.id, kept.contents
