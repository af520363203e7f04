"""What an item asks of an agent: terms, each with a level. All of them must hold.

A term is one skill (`french`: at that level or more), alternatives (`french|dutch`: any of them at that level), or an
exclusion (`!trainee`: below that level, or not at all).
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from skills.skill import Proficiency, Profile, profile

Requirement: TypeAlias = tuple[tuple[str, Proficiency], ...]
"""Sorted (term, level) pairs: hashable, so that equal items share a class."""

EMPTY: Requirement = ()

EXCLUSION = "!"
ALTERNATIVE = "|"


def requirement(levels: Mapping[str, Proficiency]) -> Requirement:
    """The requirement with these terms. Raises ValueError for a level outside 1-5."""
    return profile(levels)


def skills_in(term: str) -> tuple[str, ...]:
    """The skills that a term names."""
    return tuple(term.removeprefix(EXCLUSION).split(ALTERNATIVE))


def named(asked: Requirement) -> Iterator[str]:
    """Every skill that a requirement names."""
    return (skill for term, _ in asked for skill in skills_in(term))


def leading(asked: Requirement) -> str:
    """The first skill that is needed in any case; '' where there is none. Who lacks it cannot meet what is asked."""
    return next((term for term, _ in asked if not term.startswith(EXCLUSION) and ALTERNATIVE not in term), "")


def merged(first: Requirement, second: Requirement) -> Requirement:
    """What asks both: every term of either, the stricter level where both have one."""
    if not first or not second:
        return first or second
    levels = dict(first)
    for term, level in second:
        stricter = min if term.startswith(EXCLUSION) else max
        levels[term] = stricter(level, levels.get(term, level))
    return tuple(sorted(levels.items()))


def relaxed(asked: Requirement, drop: tuple[str, ...], lower: Mapping[str, Proficiency]) -> Requirement:
    """`asked` without the terms of `drop`, and with those of `lower` at no more than these levels."""
    return tuple((term, min(level, lower.get(term, level))) for term, level in asked if term not in drop)


def missing(have: Profile, asked: Requirement) -> Requirement:
    """The part of `asked` that `have` does not meet."""
    levels = dict(have)
    return tuple((term, level) for term, level in asked if not _holds(levels, term, level))


def meets(have: Profile, asked: Requirement) -> bool:
    """Whether an agent with profile `have` may take an item that asks `asked`."""
    levels = dict(have)
    return all(_holds(levels, term, level) for term, level in asked)


def fitness(have: Profile, asked: Requirement) -> int:
    """Sum of the agent's levels in what is asked, the best of alternatives: the score of best fit (more is fitter)."""
    levels = dict(have)
    return sum(_best(levels, term) for term, _ in asked if not term.startswith(EXCLUSION))


def _best(levels: dict[str, Proficiency], term: str) -> Proficiency:
    return max(levels.get(skill, 0) for skill in skills_in(term))


def _holds(levels: dict[str, Proficiency], term: str, level: Proficiency) -> bool:
    if term.startswith(EXCLUSION):
        return _best(levels, term) < level
    return levels.get(term, 0) >= level or (ALTERNATIVE in term and _best(levels, term) >= level)
