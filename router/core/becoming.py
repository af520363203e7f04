"""A skill that goes and becomes another one, or nothing: every record and every open item that names it is rewritten.

What asked both asks the stricter of the two afterwards, who had both has the higher level. Alternatives lose the one
that becomes nothing; what asked nothing else asks nothing any more.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from queues.plan import RelaxStep
from router.core import events as e
from router.core.agent import Temporary
from router.core.item import Passed, WorkItem
from router.core.references import REFERENCES
from router.core.state import Ref, State
from skills import EMPTY, Profile, Requirement, merged, named, skills_in
from skills.requirement import ALTERNATIVE, EXCLUSION

Becomes = Mapping[str, str]
"""Skills that go, and what each becomes ('': nothing)."""


def rewritten(state: State, becomes: Becomes, but: Iterable[Ref], now: int, revision: int) -> Iterator[e.Event]:
    """What changes with these skills: records of the centre except those of `but`, then items that are not closed."""
    spared = dict.fromkeys(but)
    for kind in REFERENCES:
        for id, record in state.table(kind).items():
            if (kind, id) not in spared:
                after = record_after(record, becomes)
                if after != record:
                    yield e.RecordPut(at=now, record=msgspec.structs.replace(after, revision=revision))
    for item in state.items.values():
        if item.state != "closed" and _names(asked_by(item), becomes):
            asked, wished = asked_after(item.requirement, becomes), asked_after(item.wishes, becomes)
            way = tuple(_passed(passed, becomes) for passed in item.way)
            anew = e.ItemAskedAnew(at=now, item=item.id, requirement=asked, wishes=wished)
            yield anew if way == item.way else msgspec.structs.replace(anew, way=way)


def asked_by(item: WorkItem) -> Requirement:
    """Every term that an item asks or wishes, or would again where it was escalated from."""
    return item.requirement + item.wishes + tuple(t for passed in item.way for t in passed.requirement + passed.wishes)


def _passed(passed: Passed, becomes: Becomes) -> Passed:
    asked, wished = asked_after(passed.requirement, becomes), asked_after(passed.wishes, becomes)
    return msgspec.structs.replace(passed, requirement=asked, wishes=wished)


def record_after(record: Any, becomes: Becomes) -> Any:
    """A record of the centre that names them no more."""
    changed: dict[str, Any] = {}
    for name in record.__struct_fields__:
        if name in _REWRITE:
            value = getattr(record, name)
            after = _REWRITE[name](value, becomes)
            if after != value:
                changed[name] = after
    return msgspec.structs.replace(record, **changed) if changed else record


def term_after(term: str, becomes: Becomes) -> str:
    """A term that names them no more; '' when nothing is left of it."""
    skills = dict.fromkeys(becomes.get(skill, skill) for skill in skills_in(term))
    left = ALTERNATIVE.join(skill for skill in skills if skill)
    return EXCLUSION + left if left and term.startswith(EXCLUSION) else left


def asked_after(asked: Requirement, becomes: Becomes) -> Requirement:
    """A requirement that names them no more."""
    found = EMPTY
    for term, level in asked:
        after = term_after(term, becomes)
        if after:
            found = merged(found, ((after, level),))
    return found


def _names(asked: Requirement, becomes: Becomes) -> bool:
    return any(skill in becomes for skill in named(asked))


def _profile(skills: Profile, becomes: Becomes) -> Profile:
    levels: dict[str, int] = {}
    for skill, level in skills:
        after = becomes.get(skill, skill)
        if after:
            levels[after] = max(level, levels.get(after, 0))
    return tuple(sorted(levels.items()))


def _plan(plan: tuple[RelaxStep, ...], becomes: Becomes) -> tuple[RelaxStep, ...]:
    return tuple(_step(step, becomes) for step in plan)


def _step(step: RelaxStep, becomes: Becomes) -> RelaxStep:
    drop = dict.fromkeys(term_after(term, becomes) for term in step.drop)
    lower: dict[str, int] = {}
    for term, level in step.lower.items():
        if after := term_after(term, becomes):
            lower[after] = min(level, lower.get(after, level))
    return msgspec.structs.replace(step, drop=tuple(term for term in drop if term), lower=lower)


def _temporary(temporary: tuple[Temporary, ...], becomes: Becomes) -> tuple[Temporary, ...]:
    """What is lent stays lent; where the other skill is lent already, that counts."""
    about = [lent.about for lent in temporary]
    found: list[Temporary] = []
    for lent in temporary:
        after = becomes.get(lent.skill, lent.skill)
        if after == lent.skill:
            found.append(lent)
        elif after and (after, "") not in about:
            found.append(msgspec.structs.replace(lent, skill=after))
    return tuple(found)


_REWRITE: dict[str, Any] = {
    "requirement": asked_after,
    "wishes": asked_after,
    "skills": _profile,
    "plan": _plan,
    "temporary": _temporary,
}
"""Fields of records in which skills stand, wherever they are, and how each is rewritten."""
