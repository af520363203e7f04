"""Leaders of teams and codes for closing, in a centre file and back."""

import pytest

from queues.category import Code
from queues.team import Team
from router.centre.export import export
from router.centre.parse import CentreFileError, parse
from router.core import commands as c
from router.core.state import State
from router.core.step import step

FILE = """
teams:
  first: {leader: ann, stand_in: bob, stand_in_after: 90s}
agents:
  ann: {teams: [first]}
  bob: {teams: [first]}
closings:
  spam: {names: {en: Spam}, counts: false, bars: true}
  none_needed: {names: {en: No answer needed}}
codes:
  permission: {refund: {en: Refund}}
"""


def applied(text: str) -> State:
    """A centre made of this file."""
    state = State()
    records = parse(text).records
    changes = tuple(c.Change(kind=str(r.__struct_config__.tag), id=r.id, record=r, seen=0) for r in records)
    assert step(state, c.ApplyCentre(changes=changes), 1).rejection is None
    return state


def test_leaders_and_closings_are_read_and_written() -> None:
    state = applied(FILE)
    team, spam = state.teams["first"], state.codes["closing:spam"]
    assert isinstance(team, Team) and isinstance(spam, Code)
    assert (team.leader, team.stand_in, team.stand_in_after_ms) == ("ann", "bob", 90_000)
    assert (spam.counts, spam.bars, state.codes["closing:none_needed"].counts) == (False, True, True)
    again = applied(export(state))
    assert again.digest() == state.digest()


def test_a_leader_is_an_agent_of_the_file() -> None:
    with pytest.raises(CentreFileError, match="there is no agent 'zoe'"):
        parse("teams:\n  first: {leader: zoe}\n")
