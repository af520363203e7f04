"""More kinds of items than are kept: what nobody waits in is swept, and decisions go on being the reference's."""

import itertools

import pytest

from router.core import commands as c
from router.core import limits
from router.core.facts import Facts
from router.core.state import State
from router.core.step import step
from tests.reference.judge import Judge
from tests.reference.traffic import ASKS, WISHES, centre, put

WAITING = 12
"""So many wait at any time; the longest waiting one is given up when one more comes."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kinds_that_come_once_and_never_again() -> None:
    kinds = itertools.product(range(1, limits.PRIORITY_MAX), dict.fromkeys(ASKS), dict.fromkeys(WISHES))
    state, judge = State(), Judge()
    now = 0

    def take(command: c.Command) -> None:
        judge.follow(state, step(state, command, now), now)

    take(put(*centre()))
    for agent in ("ann", "cyd", "eve"):
        take(c.ConnectClient(agent=agent, client="t1", gateway="g1"))
    for number, (priority, asks, wishes) in enumerate(itertools.islice(kinds, limits.CLASSES_KEPT_MAX + 500)):
        now += 1
        call = f"call{number:05}"
        facts = Facts(queue="help", requirement=asks, wishes=wishes, priority=priority)
        take(c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=facts))
        if number >= WAITING:
            gone = f"call{number - WAITING:05}"
            take(c.EndCall(call=gone))
            take(c.Forget(items=(f"i-{gone}",)))
        if number % 500 == 0:
            for agent in ("ann", "cyd", "eve"):
                take(c.SetPresence(agent=agent, state="available"))
                take(c.SetPresence(agent=agent, state="not_ready", reason="x"))
    judge.compare(state)
    assert judge.met["decisions"] > limits.CLASSES_KEPT_MAX // 500
