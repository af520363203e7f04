"""What an item asks of an agent: skills, each with the least proficiency that will do."""

from collections.abc import Mapping
from typing import TypeAlias

from skills.skill import Proficiency, Profile, profile

Requirement: TypeAlias = tuple[tuple[str, Proficiency], ...]
"""Sorted (skill id, least proficiency) pairs: hashable, so that equal items share a class."""

EMPTY: Requirement = ()


def requirement(levels: Mapping[str, Proficiency]) -> Requirement:
    """The requirement with these least levels. Raises ValueError for a level outside 1-5."""
    return profile(levels)


def merged(first: Requirement, second: Requirement) -> Requirement:
    """What asks both: every skill of either, the higher level where both name one."""
    if not first or not second:
        return first or second
    levels = dict(first)
    for skill, level in second:
        levels[skill] = max(level, levels.get(skill, 0))
    return tuple(sorted(levels.items()))


def missing(have: Profile, asked: Requirement) -> Requirement:
    """The part of `asked` that `have` lacks."""
    levels = dict(have)
    return tuple((skill, level) for skill, level in asked if levels.get(skill, 0) < level)


def meets(have: Profile, asked: Requirement) -> bool:
    """Whether an agent with profile `have` may take an item that asks `asked`."""
    return not missing(have, asked)


def fitness(have: Profile, asked: Requirement) -> int:
    """Sum of the agent's levels in the asked skills: the score of best fit (higher is fitter)."""
    levels = dict(have)
    return sum(levels.get(skill, 0) for skill, _ in asked)
