"""What-if: two centres meet the same days."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from router.cli.app import app
from router.simulate.theory.what_if import (
    Centre,
    Load,
    Stream,
    WhatIfError,
    compared,
    day,
    pair,
    read_centre,
    read_load,
    seeds,
    student,
    with_more,
)

CENTRE = """
skills:
  support: {names: {en: Support}}
queues:
  support:
    names: {en: Support}
    target: {phone: 20s}
    wrap_up: {phone: 30s}
  chat:
    names: {en: Chat}
teams:
  support: {names: {en: Support}, serves: {support: {}, chat: {}}}
agents:
""" + "".join(f"  a{number}: {{name: A{number}, teams: [support], skills: {{support: 3}}}}\n" for number in range(6))

LOAD = Load(
    hours=2.0,
    streams=(
        Stream(queue="support", per_h=(40.0, 60.0), handle_s=200.0, wrap_up_s=20.0, patience_s=120.0),
        Stream(queue="chat", channel="chat", per_h=20.0, handle_s=300.0),
    ),
)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    file = tmp_path / "centre.yaml"
    file.write_text(CENTRE, "utf-8")
    return read_centre(file)


def test_the_same_seed_is_the_same_day_and_both_sides_meet_the_same_contacts(centre: Centre) -> None:
    now, then = pair(centre, with_more(centre, ["a1"]), LOAD, "one")
    assert day(centre, LOAD, "one") == now
    assert then.offered == now.offered
    assert now.answered + now.abandoned == now.offered > 60
    assert then.wait < now.wait


@pytest.mark.slow
def test_common_contacts_tell_a_small_difference_in_few_days(centre: Centre) -> None:
    more = with_more(centre, ["a1"])
    found = compared([pair(centre, more, LOAD, seed) for seed in seeds(5, 1)])
    assert found.days == 5
    assert found.difference > 0
    assert found.half_width < found.half_width_own_days
    assert found.abandoned_then < found.abandoned
    assert found.asa_s is not None and found.asa_s_then is not None and found.asa_s_then < found.asa_s


def test_who_is_absent_takes_nothing_and_a_full_queue_turns_away(centre: Centre) -> None:
    alone = msgspec.structs.replace(LOAD, absent=tuple(f"a{number}" for number in range(1, 6)))
    assert day(centre, alone, "one").abandoned > day(centre, LOAD, "one").abandoned
    full = Centre(
        tuple(
            msgspec.structs.replace(each, waiting_max=0)
            if each.id == "support" and hasattr(each, "waiting_max")
            else each
            for each in centre.records
        )
    )
    assert day(full, alone, "one").turned_away > 0


def test_what_cannot_be_is_said(centre: Centre, tmp_path: Path) -> None:
    with pytest.raises(WhatIfError, match="no agent 'zoe'"):
        with_more(centre, ["zoe"])
    with pytest.raises(WhatIfError, match="'sales', which does not exist"):
        day(centre, Load(streams=(Stream(queue="sales", per_h=1.0, handle_s=60.0),)), "one")
    with pytest.raises(WhatIfError, match="zoe is absent"):
        day(centre, msgspec.structs.replace(LOAD, absent=("zoe",)), "one")
    with pytest.raises(WhatIfError, match="No such file"):
        read_load(tmp_path / "none.yaml")
    wrong = tmp_path / "load.yaml"
    wrong.write_text("streams: [{queue: support, per_hour: 3}]", "utf-8")
    with pytest.raises(WhatIfError, match="per_hour"):
        read_load(wrong)
    wrong.write_text("queues: {support: {colour: red}}", "utf-8")
    with pytest.raises(WhatIfError, match="colour"):
        read_centre(wrong)


@pytest.mark.parametrize(("freedom", "factor"), [(4, 2.776), (9, 2.262), (19, 2.093), (60, 2.0)])
def test_the_factor_of_few_days_is_students(freedom: int, factor: float) -> None:
    assert student(freedom) == pytest.approx(factor, rel=0.02)


@pytest.mark.slow
def test_the_command_tells_the_difference(tmp_path: Path) -> None:
    (tmp_path / "centre.yaml").write_text(CENTRE, "utf-8")
    (tmp_path / "load.yaml").write_text("hours: 1\nstreams: [{queue: support, per_h: 70, handle_s: 240}]\n", "utf-8")
    call = ["simulate", "what-if", str(tmp_path / "centre.yaml"), "--load", str(tmp_path / "load.yaml")]
    result = CliRunner().invoke(app, [*call, "--more", "a1", "--days", "3", "--processes", "1", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["days"] == 3
    told = CliRunner().invoke(app, [*call, "--more", "a1", "--days", "3", "--processes", "1"])
    assert "Difference: " in told.stdout and "answered within the target / offered" in told.stdout
    assert CliRunner().invoke(app, call).exit_code == 2
    unknown = CliRunner().invoke(app, [*call, "--more", "zoe"])
    assert (unknown.exit_code, "no agent 'zoe'" in unknown.stderr) == (2, True)
