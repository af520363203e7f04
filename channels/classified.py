"""A contact and what the centre's rules say of it, with the language it is held in.

What says the language, the first that does: the event or form itself, a rule, the entry point (its language, or the one
language that it or its queue asks), the conversation so far, the customer's card, and last a guess at the text. Texts,
addresses and tags are looked at here and go no further.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from channels.insight import BLIND
from queues.entry_point import EntryPoint
from queues.hours import Hours
from router.core.classify import Contact, Verdict, classify, in_order
from router.core.state import State
from router.gateway import Insight, Traits
from skills import Requirement, requirement, skills_in


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came in, as far as rules look at it. `to` and `sender` are addresses in their one form, `form` what the
    event says by name, `said` the language that it says itself; `hinted` one that it lets suppose (a mail's header,
    which is that of a program), `spoken` that of the conversation so far."""

    entry: EntryPoint
    customer: str = ""
    to: tuple[str, ...] = ()
    sender: str = ""
    text: str = ""
    form: dict[str, object] = {}
    said: str = ""
    hinted: str = ""
    spoken: str = ""


class Classified(NamedTuple):
    """What the rules say, and the language; `guessed` when only the text shows it. `asks` is the language that must be
    asked for, because neither the event nor the entry point does."""

    verdict: Verdict = Verdict()
    language: str = ""
    asks: str = ""
    guessed: bool = False


PLAIN = Classified()
"""Of what was not classified."""


async def classified(state: Callable[[], State], came: Came, insight: Insight = BLIND) -> Classified:
    """What the rules of the centre say of a contact. `state` gives it as it is then: it may change in between."""
    known = state()
    rules = in_order(known.rules.values())
    told = _told(known, came.entry)
    language = came.said or told or came.spoken
    traits = Traits()
    if came.customer and (not language or any(rule.when.tags for rule in rules)):
        traits = await insight.traits(came.customer)
        language = language or _ours(known, traits.language)
    guess = ""
    if not language and came.text:
        guess = await insight.language(came.text, languages(known))
        language = guess or _ours(known, came.hinted)
    asked = {id for rule in rules for id in (rule.when.hours, rule.when.outside)}
    hours: list[Hours] = [known.hours[id] for id in sorted(asked) if id in known.hours]
    contact = Contact(
        channel=came.entry.channel,
        entry_point=came.entry.id,
        to=came.to,
        sender=came.sender,
        tags=traits.tags,
        language=language,
        text=came.text,
        form=came.form,
        open=await insight.open(hours) if hours else frozenset(),
    )
    verdict = _still(state(), classify(rules, contact))
    language = came.said or verdict.language or language
    asks = "" if language in (came.said, told) else language
    return Classified(verdict, language, asks, guessed=bool(guess) and language == guess)


def languages(state: State) -> tuple[str, ...]:
    """The languages that the centre speaks."""
    return tuple(id for id, skill in state.skills.items() if skill.kind == "language")


def _told(state: State, entry: EntryPoint) -> str:
    """The language of an entry point: its own, or the only one that it, or its queue, asks of everybody."""
    queue = state.queues.get(entry.queue)
    asked: tuple[Requirement, ...] = (entry.requirement, queue.requirement if queue else ())
    said = [_only_language(state, one) for one in asked]
    return entry.language or next(filter(None, said), "")


def _only_language(state: State, asked: Requirement) -> str:
    found = [term for term, _ in asked if term in state.skills and state.skills[term].kind == "language"]
    return found[0] if len(found) == 1 else ""


def _ours(state: State, language: str) -> str:
    """A language as cards and headers name it (`fr-BE`), if the centre speaks it; else ''."""
    plain = language.strip().lower().partition("-")[0]
    return plain if plain in languages(state) else ""


def _still(state: State, verdict: Verdict) -> Verdict:
    """A verdict without what a live edit has taken away meanwhile."""
    if verdict == Verdict():
        return verdict
    kept = {skill: level for skill, level in verdict.requirement if _there(state, skill)}
    return verdict._replace(
        queue=verdict.queue if verdict.queue in state.queues else "",
        category=verdict.category if verdict.category in state.categories else "",
        requirement=requirement(kept),
    )


def _there(state: State, term: str) -> bool:
    return all(skill in state.skills for skill in skills_in(term))
