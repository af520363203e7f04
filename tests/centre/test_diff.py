"""Applying overwrites nothing that was changed live unless told to, and drops only what is named."""

import msgspec

from router.centre.diff import compare, known
from router.centre.export import export, stamped
from router.centre.parse import parse
from router.core.commands import ApplyCentre
from router.core.state import State
from router.core.step import step
from tests.centre.conftest import SMALL, put


def live(revision: int = 1) -> State:
    """The small centre as the core holds it after one edit."""
    state = State()
    plan = compare(state, parse(SMALL))
    assert plan.command is not None
    assert step(state, plan.command, 1).rejection is None
    state.edit_meta().revision = revision
    state.settle()
    return state


def edit(state: State, agent: str, revision: int, **fields: object) -> None:
    put(state, msgspec.structs.replace(state.agents[agent], **fields), revision)  # type: ignore[arg-type]
    state.edit_meta().revision = revision
    state.settle()


def test_a_file_on_an_empty_centre_adds_everything_and_expects_nothing_there() -> None:
    plan = compare(State(), parse(SMALL))
    assert {one.what for one in plan.differences} == {"added"}
    assert plan.command is not None
    assert {change.seen for change in plan.command.changes} == {0}


def test_the_core_takes_the_command_and_then_nothing_differs() -> None:
    state = State()
    plan = compare(state, parse(SMALL))
    assert plan.command is not None
    assert step(state, plan.command, 1).rejection is None
    assert compare(state, parse(SMALL)).command is None


def test_a_changed_field_is_shown_as_the_file_writes_it_and_carries_what_was_seen() -> None:
    plan = compare(live(), parse(SMALL.replace("revision: 0", "revision: 1").replace("20s", "45s")))
    (one,) = plan.differences
    assert (one.kind, one.id, one.what, one.field, one.live, one.file) == (
        "queue",
        "help",
        "changed",
        "target.phone",
        "20s",
        "45s",
    )
    assert plan.command is not None
    assert [(change.id, change.seen) for change in plan.command.changes] == [("help", 1)]


def test_a_record_changed_live_after_the_files_revision_is_a_conflict() -> None:
    state = live()
    edit(state, "a1", 2, name="B")
    plan = compare(state, parse(SMALL.replace("revision: 0", "revision: 1")))
    assert plan.conflicts == (("agent", "a1"),)
    assert plan.command is None
    assert [one.conflict for one in plan.differences] == [True]


def test_take_file_overwrites_and_take_live_keeps_and_says_so() -> None:
    state = live()
    edit(state, "a1", 2, name="B")
    parsed = parse(SMALL.replace("revision: 0", "revision: 1").replace("20s", "45s"))
    with_file, with_live = compare(state, parsed, "file"), compare(state, parsed, "live")
    assert with_file.command is not None
    assert with_live.command is not None
    assert [(change.id, change.seen) for change in with_file.command.changes] == [("help", 1), ("a1", 2)]
    assert [change.id for change in with_live.command.changes] == ["help"]
    assert with_live.kept == (("agent", "a1"),)
    assert not with_file.conflicts


def test_a_record_changed_live_to_what_the_file_says_is_no_conflict() -> None:
    state = live()
    edit(state, "a1", 2)
    plan = compare(state, parse(SMALL.replace("revision: 0", "revision: 1")))
    assert (plan.differences, plan.conflicts) == ((), ())


def test_an_edit_between_the_look_and_the_apply_is_refused() -> None:
    state = live()
    plan = compare(state, parse(SMALL.replace("revision: 0", "revision: 1").replace("name: A", "name: C")))
    edit(state, "a1", 2, name="B")
    assert isinstance(plan.command, ApplyCentre)
    rejection = step(state, plan.command, 1).rejection
    assert rejection is not None
    assert rejection.code == "stale_revision"
    assert state.agents["a1"].name == "B"


def test_nothing_that_is_not_named_is_removed() -> None:
    plan = compare(live(), parse("revision: 1"))
    assert (plan.differences, plan.command) == ((), None)


def test_remove_drops_what_it_names_and_is_at_peace_with_what_is_gone() -> None:
    plan = compare(live(), parse("revision: 1\nremove: [team/first, agent/a1, agent/nobody]"))
    assert [(one.id, one.what) for one in plan.differences] == [("a1", "removed"), ("first", "removed")]
    assert plan.command is not None
    assert step(live(), plan.command, 1).rejection is None


def test_removing_what_was_changed_live_is_a_conflict_too() -> None:
    state = live()
    edit(state, "a1", 2, name="B")
    assert compare(state, parse("revision: 1\nremove: [agent/a1]")).conflicts == (("agent", "a1"),)


def test_an_export_names_the_revision_and_differs_in_nothing() -> None:
    state = live(7)
    text = export(state)
    assert parse(text).revision == 7
    assert compare(state, parse(text)).differences == ()


def test_the_ids_of_a_live_centre_are_known_to_partial_files() -> None:
    assert known(live())["queue"] == {"help", "experts"}


def test_the_stamp_changes_one_line() -> None:
    text = "# words\nrevision: 3 # old\nname: A\n"
    assert stamped(text, 9) == "# words\nrevision: 9\nname: A\n"
    assert stamped("name: A\n", 9) == "revision: 9\nname: A\n"
