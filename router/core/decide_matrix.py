"""The decision about the skills matrix: many cells as one change with one revision, or none of them."""

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.agent import Agent
from router.core.decision import Decision, no
from router.core.rejections import Rejection
from router.core.state import State
from skills import PROFICIENCY_MAX


def set_agent_skills(state: State, command: c.SetAgentSkills, now: int) -> Decision:
    """Every cell by itself must be allowed, and none may be named twice. What is so already is no change."""
    if len(command.edits) > limits.CHANGES_MAX:
        return no("full", "edits")
    by_agent: dict[str, dict[str, c.SkillEdit]] = {}
    for edit in command.edits:
        refused = _refused(state, edit, command.seen, now)
        if refused is not None:
            return refused
        row = by_agent.setdefault(edit.agent, {})
        if edit.skill in row:
            return no("duplicate_id", edit.skill)
        row[edit.skill] = edit
    crowded = next((id for id, row in by_agent.items() if _crowded(state.agents[id], row)), "")
    if crowded:
        return no("full", crowded)
    revision = state.meta.revision + 1
    events: list[e.Event] = []
    for id, row in by_agent.items():
        edits = tuple(edit for edit in row.values() if _changes(state.agents[id], edit))
        if edits:
            events.append(e.AgentSkillsChanged(at=now, agent=id, edits=edits, revision=revision))
    return events


def _refused(state: State, edit: c.SkillEdit, seen: int | None, now: int) -> Rejection | None:
    agent = state.agents.get(edit.agent)
    if agent is None:
        return no("unknown_agent", edit.agent)
    if seen is not None and agent.revision > seen:
        return no("stale_revision", edit.agent)
    if edit.skill not in state.skills:
        return no("unknown_skill", edit.skill)
    if not 0 <= edit.level <= PROFICIENCY_MAX:
        return no("bad_level", edit.skill)
    if edit.until is not None and not now < edit.until <= now + limits.DURATION_TICKS_MAX:
        return no("bad_date", edit.agent)
    return None


def _crowded(agent: Agent, row: dict[str, c.SkillEdit]) -> bool:
    """Whether more would be temporary of the agent than may be."""
    kept = sum(1 for lent in agent.temporary if lent.skill not in row or not lent.skill)
    return kept + sum(1 for edit in row.values() if edit.until is not None) > limits.TEMPORARY_MAX


def _changes(agent: Agent, edit: c.SkillEdit) -> bool:
    lent = any(one.skill == edit.skill for one in agent.temporary)
    return edit.until is not None or lent or dict(agent.skills).get(edit.skill, 0) != edit.level
