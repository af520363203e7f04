"""The sample centre is sound, complete, and nobody in it waits for somebody who does not exist."""

from itertools import product

import pytest

from queues.team import Membership
from router.centre import sample
from router.centre.parse import Parsed, parse
from router.core.state import State
from skills import meets, merged
from tests.centre.conftest import centre

LANGUAGES = ("fr", "nl", "de", "en")
THEMES = ("housing", "mobility")


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return parse(sample.text())


@pytest.fixture(scope="module")
def state(parsed: Parsed) -> State:
    return centre(parsed.records)


def test_it_has_the_teams_that_it_promises(state: State) -> None:
    for theme in THEMES:
        members = [agent for agent in state.agents.values() if agent.teams == (theme,)]
        leaders = [agent for agent in members if agent.id.endswith("-lead")]
        experts = [agent for agent in state.agents.values() if agent.teams == (f"{theme}-specialists",)]
        assert (len(members) - len(leaders), len(leaders), len(experts)) == (13, 1, 3)


def test_a_leader_serves_only_what_they_switch_on(state: State) -> None:
    for theme in THEMES:
        served: dict[str, Membership] = state.memberships(state.agents[f"{theme}-lead"])
        assert served
        assert not any(membership.enabled for membership in served.values())


def test_every_title_is_given_in_four_languages(parsed: Parsed) -> None:
    assert parsed.document.languages == LANGUAGES


def test_every_queue_can_be_served_in_every_language(state: State) -> None:
    """By at least one agent who serves it by default and masters the language at the level doors ask for."""
    for queue, language in product(state.queues.values(), LANGUAGES):
        asked = merged(queue.requirement, ((language, 3),))
        able = [
            agent.id
            for agent in state.agents.values()
            if (membership := state.memberships(agent).get(queue.id)) is not None
            and membership.enabled
            and meets(agent.skills, asked)
        ]
        assert able, f"nobody serves {queue.id} in {language}"


def test_each_theme_has_a_door_of_each_kind_in_each_language(state: State) -> None:
    for theme in THEMES:
        doors = [door for door in state.entry_points.values() if door.queue.startswith(theme)]
        for channel in ("phone", "email"):
            assert {door.language for door in doors if door.channel == channel} == set(LANGUAGES)
        assert [door.channel for door in doors].count("chat") == 1


def test_what_is_not_solved_has_somewhere_to_go(state: State) -> None:
    first = [queue for queue in state.queues.values() if queue.line == 1]
    assert all(state.queues[queue.escalates_to].line == 2 for queue in first)
    assert all(category.escalates_to for category in state.categories.values() if category.parent)


def test_nothing_in_it_can_be_reached_for_real(state: State) -> None:
    for door in state.entry_points.values():
        assert door.address.startswith("+32200") if door.channel == "phone" else door.address.endswith(".example")
