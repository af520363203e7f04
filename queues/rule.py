"""Rules of classification: what is known of a contact when it comes in decides what it is about and who it is for.

`router.core.classify` asks them in their order; a rule itself only says what it looks at and what it then says.
"""

from typing import TypeAlias

import msgspec

from queues.queue import ChannelName
from skills import Requirement

Words: TypeAlias = tuple[str, ...]


class When(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a rule looks at. All that is given must hold, of several values of one thing any will do.

    `to` and `senders` are addresses in their one form with `*` for anything (`*@bank.example`, `+32 2*` as `+322*`).
    `tags` are those of the customer's card, `languages` what the contact is held in, however that was found.
    `keywords` are words, or several in a row, of subject or text; `*` at the end stands for any ending. `form` is what
    the event says under a name: one of these values, or (none given) anything at all. `hours` names opening hours
    within which it came in, `outside` such outside of which it did.
    """

    channels: tuple[ChannelName, ...] = ()
    entry_points: Words = ()
    to: Words = ()
    senders: Words = ()
    tags: Words = ()
    languages: Words = ()
    keywords: Words = ()
    form: dict[str, Words] = {}
    hours: str = ""
    outside: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True, tag="rule", omit_defaults=True):
    """One rule. Rules are asked by `place`, those of one place by id; a disabled one is not asked.

    What an outcome leaves empty (priority: None) this rule does not say. The first rule that holds ends the asking,
    unless it says `go_on`: then the following ones may still say what nobody has said yet; skills and wishes add up.
    """

    id: str
    place: int = 0
    names: dict[str, str] = {}
    when: When = When()
    category: str = ""
    queue: str = ""
    requirement: Requirement = ()
    wishes: Requirement = ()
    priority: int | None = None
    language: str = ""
    go_on: bool = False
    disabled: bool = False
    revision: int = 0
