"""Events about the skills matrix."""

from router.core.commands.matrix import SkillEdit
from router.core.events.base import BaseEvent


class AgentSkillsChanged(BaseEvent, frozen=True):
    """Several skills of one agent changed at once. All agents of one edit have the same `revision`."""

    agent: str
    edits: tuple[SkillEdit, ...]
    revision: int
