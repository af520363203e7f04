"""Hypothesis looks for a sequence of commands after which the core does what it must not, and shrinks what it finds.

After each command: every reservation was the reference router's, sound by each invariant alone (DESIGN section 6),
and nobody who could have something was left waiting. The rules draw from the same traffic as the long random walks.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from router.core import commands as c
from router.core.due import next_deadline
from router.core.state import State
from router.core.step import step
from tests.reference.judge import Judge
from tests.reference.traffic import AGENTS, ITEMS_MAX, STEPS_TICKS, WEIGHTS, Traffic, centre, put


class Routing(RuleBasedStateMachine):
    """A small centre at which hypothesis throws commands."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.judge = Judge()
        self.traffic = Traffic(self.state)

    @initialize(here=st.sets(st.sampled_from(AGENTS)))
    def open(self, here: set[str]) -> None:
        self.take(put(*centre()))
        for agent in sorted(here):
            self.take(c.ConnectClient(agent=agent, client="t1", gateway="g1"))
            self.take(c.SetPresence(agent=agent, state="available"))

    def take(self, command: c.Command) -> None:
        taken = step(self.state, command, self.traffic.now)
        self.judge.follow(self.state, taken, self.traffic.now)

    def draw(self, data: st.DataObject, move: str) -> None:
        self.traffic.pick = lambda options: data.draw(st.sampled_from(options))
        command: Any = getattr(self.traffic, move)()
        self.take(command)

    @rule(ticks=st.sampled_from(STEPS_TICKS))
    def time_passes(self, ticks: int) -> None:
        self.traffic.now += ticks
        due = next_deadline(self.state)
        while due is not None and due <= self.traffic.now:
            self.take(c.Pulse())
            due = next_deadline(self.state)

    @precondition(lambda self: len(self.state.items) < ITEMS_MAX)
    @rule(data=st.data(), move=st.sampled_from(("call", "write")))
    def customer_comes(self, data: st.DataObject, move: str) -> None:
        self.draw(data, move)

    @rule(data=st.data(), move=st.sampled_from(("accept", "decline", "finish", "park", "hand_over", "connect_fails")))
    def agent_works(self, data: st.DataObject, move: str) -> None:
        self.draw(data, move)

    @rule(data=st.data(), move=st.sampled_from(("arrive", "ready", "leave")))
    def agent_comes_and_goes(self, data: st.DataObject, move: str) -> None:
        self.draw(data, move)

    @rule(data=st.data(), move=st.sampled_from(sorted(WEIGHTS)))
    def anything_else(self, data: st.DataObject, move: str) -> None:
        self.draw(data, move)

    @invariant()
    def the_records_are_the_fold_of_the_events(self) -> None:
        self.judge.compare(self.state)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_sequence_of_commands_breaks_an_invariant() -> None:
    limits = settings(
        max_examples=120,
        stateful_step_count=40,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Routing, settings=limits)
