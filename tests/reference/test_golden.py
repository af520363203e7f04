"""Golden logs: recorded commands lead to the same events for ever."""

import pytest

from router.core import commands as c
from tests.reference.golden import FOLDER, SEEDS, kept, replay


@pytest.mark.parametrize("name", SEEDS)
def test_a_golden_log_replays_to_the_same_digest(name: str) -> None:
    commands, outcome = kept(name)
    assert replay(commands) == outcome, "if rules were meant to change: python -m tests.reference.golden"


def test_nothing_else_lies_beside_the_golden_logs() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(SEEDS)


def test_a_golden_log_in_which_one_command_was_changed_does_not() -> None:
    """The digest tells: the same commands one tick later, and the last reservation accepted by nobody."""
    commands, outcome = kept("morning")
    assert replay([(now + 1, command) for now, command in commands]).digest != outcome.digest
    accepts = [place for place, (_, command) in enumerate(commands) if isinstance(command, c.AcceptReservation)]
    for place in reversed(accepts):
        without = replay([*commands[:place], *commands[place + 1 :]])
        if without.digest != outcome.digest:
            return
    raise AssertionError("no acceptance of the log mattered")
