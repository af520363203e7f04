"""The acceptance figures: what is asked is complete, what is done is kept, and what misses its goal is said."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from router.cli.app import app
from router.simulate.theory.acceptance import Keeper, accept, plan
from router.simulate.theory.judging import Figure
from router.simulate.theory.tasks import FURTHEST, TASKS, Task, distance, work
from tests.theory.known import FILE, VECTORS

SCALE = 0.0005


def test_all_twelve_figures_are_planned_of_tasks_that_exist() -> None:
    every = plan(VECTORS, 1.0)
    assert [each.name for each in every] == [str(number) for number in range(1, 13)]
    assert {task.what for each in every for task in each.tasks} <= TASKS.keys()
    keys = [task.key for each in every for task in each.tasks]
    assert len({*keys}) > 1_000


@pytest.mark.slow
def test_what_is_done_is_kept_and_not_done_again(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    done = accept(VECTORS, FILE, Keeper(file), scale=SCALE, only=("11",), processes=1)
    assert [line.ok for _, lines in done for line in lines] == [True]
    with file.open("a") as kept:
        kept.write('["cut off')
    keeper = Keeper(file)
    assert len(keeper.done) == len(VECTORS.traces) + len(VECTORS.metric_rows)
    before = file.read_text("utf-8")
    again = accept(VECTORS, FILE, keeper, scale=SCALE, only=("1",), processes=1)
    assert file.read_text("utf-8") == before
    assert [line.value for _, lines in again for line in lines] == ["2200 of 2200 contacts"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "name", "value"),
    [
        (Task(what="oracle", variant="random", contacts=1_500), "furthest_s", 0.0),
        (Task(what="oracle", variant="least_busy", contacts=1_500), "furthest_s", 0.0),
        (Task(what="conservation", variant="ageing", contacts=1_500), "relative", 0.0),
        (Task(what="ageing", variant="fcfs", contacts=1_500), "differ", 0.0),
        (Task(what="ageing", variant="strict", contacts=1_500), "differ", 0.0),
        (Task(what="starving", row="FA-05", contacts=1_500), "starving", 0.0),
    ],
    ids=lambda value: value.group if isinstance(value, Task) else "",
)
def test_what_holds_on_every_path(task: Task, name: str, value: float) -> None:
    assert work(task, FILE)[name] == value


def test_what_is_exactly_as_expected_is_no_standard_error_away() -> None:
    found = Figure(id="TV-03", metric="p_abandon", expected=0.0, measured=0.0, tolerance=0.0, ok=True)
    assert distance(found) == 0.0
    assert distance(msgspec.structs.replace(found, measured=0.1, ok=False)) == FURTHEST
    assert distance(msgspec.structs.replace(found, measured=-0.1, tolerance=0.35)) == pytest.approx(-1.0)


@pytest.mark.slow
def test_one_seed_gives_one_log_whatever_the_hash_seed() -> None:
    found = {work(Task(what="digest", variant=seed, contacts=400), FILE)["digest"] for seed in ("0", "7")}
    assert len(found) == 1


@pytest.mark.slow
def test_the_command_prints_each_figure_with_its_goal(tmp_path: Path) -> None:
    call = ["simulate", "acceptance", str(FILE), "--results", str(tmp_path / "a.jsonl"), "--only", "11"]
    result = CliRunner().invoke(app, [*call, "--processes", "1"])
    assert result.exit_code == 0, result.output
    assert "11. Metrics exact" in result.stdout
    assert "(goal all)" in result.stdout
    told = CliRunner().invoke(app, [*call, "--processes", "1", "--json"])
    assert json.loads(told.stdout.splitlines()[-1])["ok"] is True
