"""The door a contact came in through, and what it says of the item: the facts that routing needs.

Pure: it looks things up in a state and derives; it reads no clock, makes no chance and submits nothing.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from channels import limits
from channels.classified import PLAIN, Classified
from channels.customer import known_by, pseudonym
from channels.keyed import keyed
from channels.payload import step
from channels.spelling import normalised
from queues.entry_point import EntryPoint, Override
from queues.queue import ChannelName
from router.core.facts import Facts
from router.core.state import State
from router.gateway import Content, EventRefused
from skills import EMPTY, PROFICIENCY_MAX, PROFICIENCY_MIN, Requirement, requirement

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]
Address: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.ADDRESS_CHARS_MAX)]
Name: TypeAlias = Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)]
Level: TypeAlias = Annotated[int, Meta(ge=PROFICIENCY_MIN, le=PROFICIENCY_MAX)]
Priority: TypeAlias = Annotated[int, Meta(ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)]
Whose: TypeAlias = Callable[[str], str]
"""Says whose an address is, by its key: `History.whose`."""


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event may say of the item beside what its entry point says. Empty means: as the entry point says.

    `skills` are added to those of the entry point and win over its levels. `customer` is the integrator's own
    reference for whom it is about: an address that nobody had is theirs from then on. `attributes` are free facts
    for the agent's screen; `reference` is what they say that one of our conversations is called. None of these needs
    a permission.
    """

    queue: str = ""
    skills: Annotated[dict[str, Level], Meta(max_length=limits.SKILLS_MAX)] = {}
    language: str = ""
    priority: Priority | None = None
    category: str = ""
    customer: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    attributes: dict[str, Any] = {}
    reference: Annotated[str, Meta(max_length=limits.REFERENCE_CHARS_MAX)] = ""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is from: an address, normalised by its channel, and the name they go by."""

    address: str
    name: str = ""


def find(state: State, channel: ChannelName, address: str, pointer: str = "/data/to") -> EntryPoint:
    """The entry point with this address. Raises EventRefused (`unknown_entry_point`)."""
    wanted = normalised(channel, address)
    for entry in state.entry_points.values():
        if entry.channel == channel and normalised(channel, entry.address) == wanted:
            return entry
    raise EventRefused(
        "unknown_entry_point", f"the centre has no {channel} entry point with this address", pointer, 422
    )


def facts_of(
    state: State,
    entry: EntryPoint,
    given: Given,
    *,
    party: Party,
    secret: bytes,
    whose: Whose,
    key: str,
    found: Classified = PLAIN,
) -> tuple[Facts, dict[str, bytes]]:
    """The facts of an item that comes in through `entry`, and the contents they name.

    `found` is what the rules say of it: more than the entry point, less than the event itself. `key` tells this arrival
    from every other one: the content ids follow from it. Raises EventRefused with a code and a pointer for what the
    entry point does not allow (`override_not_allowed`) or the centre does not know.
    """
    _check_allowed(entry, given)
    _check_known(state, entry, given)
    contents: dict[str, bytes] = {}
    address = attributes = ""
    if party.address or party.name:
        address = f"adr_{keyed(secret, 'address', key)}"
        contents[address] = msgspec.json.encode(
            Content(address=party.address, name=party.name, known_by=known_by(secret, entry.channel, party.address))
        )
    if given.attributes or given.customer:
        attributes = f"att_{keyed(secret, 'attributes', key)}"
        contents[attributes] = _attributes(given)
    ruled = found.verdict
    category = given.category or ruled.category or entry.category
    by_rule = "" if given.category else usual(state, ruled.category)[0]
    priorities = (given.priority, ruled.priority, entry.priority)
    return Facts(
        entry_point=entry.id,
        queue=given.queue or ruled.queue or by_rule or entry.queue or usual(state, category)[0],
        requirement=_asked(state, entry, given, found, category),
        wishes=ruled.wishes,
        language=given.language or found.language or entry.language,
        guessed=found.guessed and not given.language,
        priority=next(priority for priority in priorities if priority is not None),
        category=category,
        rules=ruled.rules,
        customer=customer_of(secret, whose, given, party),
        attributes=attributes,
        address=address,
    ), contents


def customer_of(secret: bytes, whose: Whose, given: Given, party: Party) -> str:
    """Whom it is about: the integrator's own reference for them says more than an address. '' for nobody knows."""
    if given.customer:
        return pseudonym(secret, f"ref:{given.customer}")
    return whose(pseudonym(secret, party.address)) if party.address else ""


def _attributes(given: Given) -> bytes:
    named = {"customer": given.customer} if given.customer else {}
    encoded = msgspec.json.encode(Content(attributes={**given.attributes, **named}))
    if len(encoded) > limits.ATTRIBUTES_BYTES_MAX:
        raise EventRefused(
            "attributes_too_large",
            f"attributes take at most {limits.ATTRIBUTES_BYTES_MAX} bytes as JSON",
            "/data/attributes",
            413,
        )
    return encoded


def _check_allowed(entry: EntryPoint, given: Given) -> None:
    named: dict[Override, bool] = {
        "queue": bool(given.queue),
        "skills": bool(given.skills),
        "language": bool(given.language),
        "priority": given.priority is not None,
        "category": bool(given.category),
    }
    for field, present in named.items():
        if present and field not in entry.overrides:
            raise EventRefused(
                "override_not_allowed", f"entry point {entry.id} does not let events set this", f"/data/{field}", 422
            )


def _check_known(state: State, entry: EntryPoint, given: Given) -> None:
    if given.queue and given.queue not in state.queues:
        raise EventRefused("unknown_queue", "there is no queue with this id", "/data/queue", 422)
    if given.category and given.category not in state.categories:
        raise EventRefused("unknown_category", "there is no category with this id", "/data/category", 422)
    for skill in given.skills:
        if skill not in state.skills:
            raise EventRefused("unknown_skill", "there is no skill with this id", "/data/skills" + step(skill), 422)
    if given.language and not _language_known(state, given.language):
        raise EventRefused("unknown_language", "nobody here is said to speak this", "/data/language", 422)


def primary(wish: str) -> str:
    """The language itself in a browser's `fr-BE`."""
    return wish.strip().lower().partition("-")[0]


def spoken(state: State, entry: EntryPoint, wish: str) -> str:
    """The language somebody wishes (a browser's, like `fr-BE`), if this entry point takes it and we know it."""
    language = primary(wish)
    return language if "language" in entry.overrides and _language_known(state, language) else ""


def _language_known(state: State, language: str) -> bool:
    return _is_language(state, language) or any(e.language == language for e in state.entry_points.values())


def _is_language(state: State, skill: str) -> bool:
    return skill in state.skills and state.skills[skill].kind == "language"


def usual(state: State, category: str) -> tuple[str, Requirement]:
    """The queue and the skills of a category: its own, else those of the nearest one above it that has some."""
    queue, asked = "", EMPTY
    passed: list[str] = []
    while category in state.categories and category not in passed:
        record = state.categories[category]
        queue, asked = queue or record.queue, asked or record.requirement
        passed.append(category)
        category = record.parent
    return queue, asked


def _asked(state: State, entry: EntryPoint, given: Given, found: Classified, category: str) -> Requirement:
    """The entry point's skills, with the language that counts in place of its own, those of the category, of the rules
    and of the event: who comes later in this row wins."""
    levels = dict(entry.requirement)
    language = given.language or found.asks
    if language and _is_language(state, language):
        level = levels.pop(entry.language, PROFICIENCY_MIN)
        levels.setdefault(language, level)
    _, of_category = usual(state, category)
    return requirement({**levels, **dict(of_category), **dict(found.verdict.requirement), **given.skills})
