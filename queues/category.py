"""Categories (what a contact is about) and the short codes agents choose from."""

from typing import Literal, TypeAlias

import msgspec

from skills import Requirement

CodeKind: TypeAlias = Literal["disposition", "not_ready", "escalation", "decline", "closing", "permission", "return"]


class Category(msgspec.Struct, frozen=True, kw_only=True, tag="category"):
    """What a contact is about: a node of a tree, with the queue, skills and specialists it defaults to.

    `specialist`: only specialists solve it, so that it goes to their queue at once.
    """

    id: str
    names: dict[str, str] = {}
    parent: str = ""
    queue: str = ""
    requirement: Requirement = ()
    escalates_to: str = ""
    specialist: bool = False
    revision: int = 0


BARRED = "barred"
"""The tag of customers whose mail was closed with a code that bars them."""


class Code(msgspec.Struct, frozen=True, kw_only=True, tag="code"):
    """A code agents choose: how it ended, why not ready, why escalated, why declined, why closed without an answer,
    what they ask permission for, why specialists gave it back. Id is `kind:name`.

    Of kind closing: `counts`: whether what is closed with it counts in the service level; `bars`: whether its sender
    gets the tag `barred`, by which rules of classification know them.
    """

    id: str
    kind: CodeKind
    names: dict[str, str] = {}
    counts: bool = True
    bars: bool = False
    revision: int = 0
