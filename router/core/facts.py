"""What intake found out about a contact before it was submitted: the facts that routing needs, no content."""

from typing import Literal, TypeAlias

import msgspec

from skills import Requirement

EscalationMode: TypeAlias = Literal["written", "connect", "callback"]
"""How specialists take up what is escalated: when its turn comes; now, while its agent is there; by calling back."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Derived at intake from the entry point, the event and the customer. `attributes` and `address` are
    content ids (the text itself lies beside the log); `customer` is whom it is about, by id. `quotes` is the
    reference of a conversation that the customer gave, `related` the item it leads to in history. `rules` are
    the rules of classification that said something of it; `guessed`: the language is that of its text only.
    `start_at` is when its work begins, if not at once."""

    entry_point: str = ""
    queue: str = ""
    requirement: Requirement = ()
    wishes: Requirement = ()
    language: str = ""
    priority: int = 0
    category: str = ""
    customer: str = ""
    attributes: str = ""
    address: str = ""
    quotes: str = ""
    related: str = ""
    rules: tuple[str, ...] = ()
    guessed: bool = False
    start_at: int = 0


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One message without its text: `content` is the id under which the text lies, `size` its bytes.

    `natural_key` recognises the same message coming in twice (mailbox + UID + hash, chat client id);
    `thread_keys` are hashes of the message ids that tie it to its conversation.
    """

    id: str
    content: str
    size: int = 0
    natural_key: str = ""
    thread_keys: tuple[str, ...] = ()
    automatic: bool = False
