"""What an agent can do and what an item asks. Pure: no I/O, no clock, no randomness."""

from skills.requirement import (
    EMPTY,
    Requirement,
    fitness,
    leading,
    meets,
    merged,
    missing,
    named,
    relaxed,
    requirement,
    skills_in,
)
from skills.skill import PROFICIENCY_MAX, PROFICIENCY_MIN, Proficiency, Profile, Skill, profile

__all__ = [
    "EMPTY",
    "PROFICIENCY_MAX",
    "PROFICIENCY_MIN",
    "Proficiency",
    "Profile",
    "Requirement",
    "Skill",
    "fitness",
    "leading",
    "meets",
    "merged",
    "missing",
    "named",
    "profile",
    "relaxed",
    "requirement",
    "skills_in",
]
