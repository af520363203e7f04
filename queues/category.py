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


class Code(msgspec.Struct, frozen=True, kw_only=True, tag="code"):
    """A code agents choose: how it ended, why not ready, why escalated, why declined, why closed without an answer,
    what they ask permission for, why specialists gave it back. Id is `kind:name`.

    `counts`: whether what is closed with it counts in the service level (only codes of kind closing say no).
    """

    id: str
    kind: CodeKind
    names: dict[str, str] = {}
    counts: bool = True
    revision: int = 0
