"""How edits of the skills matrix change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.agent import Temporary
from router.core.evolving.centre import lent_but, replace_agent
from router.core.state import State


def _agent_skills_changed(state: State, event: e.AgentSkillsChanged) -> None:
    agent = state.agents[event.agent]
    levels = dict(agent.skills)
    lent = agent.temporary
    for edit in event.edits:
        lent = lent_but(lent, (edit.skill, ""))
        if edit.until is not None:
            lent = (*lent, Temporary(until=edit.until, skill=edit.skill, level=edit.level))
        elif edit.level:
            levels[edit.skill] = edit.level
        else:
            levels.pop(edit.skill, None)
    replace_agent(state, agent, event.revision, skills=tuple(sorted(levels.items())), temporary=lent)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {e.AgentSkillsChanged: _agent_skills_changed}
