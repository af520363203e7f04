"""The command about the skills matrix: what many agents can do, changed as one."""

import msgspec

from router.core.commands.base import BaseCommand


class SkillEdit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cell: the agent's level in a skill (0: taken away); with `until` only for a time."""

    agent: str
    skill: str
    level: int
    until: int | None = None


class SetAgentSkills(BaseCommand, frozen=True):
    """Change many cells of the skills matrix as one, or none of them.

    `seen` is the revision of the centre that the editor looked at: an agent changed since then refuses all of it.
    """

    edits: tuple[SkillEdit, ...]
    seen: int | None = None
