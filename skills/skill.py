"""A named ability, its level, and the profile of abilities an agent has. A language is a skill."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Proficiency: TypeAlias = int
"""How well an agent masters a skill: 1 (basic) to 5 (expert)."""

PROFICIENCY_MIN: Proficiency = 1
PROFICIENCY_MAX: Proficiency = 5

Profile: TypeAlias = tuple[tuple[str, Proficiency], ...]
"""The skills of an agent as sorted (skill id, proficiency) pairs: hashable, so that equal agents share a class."""


class Skill(msgspec.Struct, frozen=True, kw_only=True, tag="skill"):
    """A named ability. `names` holds its title by language code; `revision` grows with each live edit."""

    id: str
    names: dict[str, str] = {}
    kind: Literal["skill", "language"] = "skill"
    revision: int = 0


def profile(levels: Mapping[str, Proficiency]) -> Profile:
    """The profile with these levels. Raises ValueError for a level outside 1-5."""
    for skill, level in levels.items():
        if not PROFICIENCY_MIN <= level <= PROFICIENCY_MAX:
            raise ValueError(f"proficiency of {skill} is {level}, not {PROFICIENCY_MIN} to {PROFICIENCY_MAX}")
    return tuple(sorted(levels.items()))
