"""The whole way of an operator: first admin and centre on the data folder, then a running server, then its end."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from typer.testing import CliRunner, Result

from router.centre import sample
from router.centre.parse import parse
from router.cli.app import app
from router.cli.outcome import Exit
from tests.support import free_port

pytestmark = [pytest.mark.service, pytest.mark.slow]

PASSWORD = "a good long password"
FIRSTLINE = [sys.executable, "-m", "router.cli"]


class Place(NamedTuple):
    """A data folder with a server, and the environment that leads commands there."""

    folder: Path
    environ: dict[str, str]
    port: int
    server: "subprocess.Popen[str]"


def firstline(*arguments: str, given: str | None = None, **environ: str) -> Result:
    clean = {name: "" for name in os.environ if name.startswith("FIRSTLINE_")}
    return CliRunner(env={**clean, **environ}).invoke(app, list(arguments), input=given)


def alone(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own: those that run a node, here or in vain."""
    return subprocess.run(
        [*FIRSTLINE, *arguments], env=os.environ | environ, capture_output=True, text=True, timeout=60, check=False
    )


def parsed(result: Result) -> Any:
    assert result.exit_code == Exit.OK, result.output
    return json.loads(result.stdout.splitlines()[-1])


def revision(file: Path) -> int:
    return parse(file.read_bytes()).revision


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Set up as the README says: an admin, a centre, then the server."""
    folder = tmp_path_factory.mktemp("cli")
    port = free_port()
    here = {"FIRSTLINE_DATA_DIR": str(folder / "data"), "FIRSTLINE_PORT": str(port)}
    file = folder / "centre.yaml"
    always_open = re.sub(r"\n +hours: .*", "", sample.text())
    file.write_text(always_open, encoding="utf-8")
    made = alone("user", "add", "admin", "--grant", "admin", **here, FIRSTLINE_NEW_PASSWORD=PASSWORD)
    assert made.returncode == Exit.OK, made.stderr
    applied = alone("config", "apply", str(file), "--yes", **here)
    assert applied.returncode == Exit.OK, applied.stderr
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*FIRSTLINE, "serve"], env=os.environ | here, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        assert server.stdout is not None
        assert server.stdout.readline() == f"Firstline answers at http://127.0.0.1:{port}\n"
        environ = here | {"FIRSTLINE_URL": f"http://127.0.0.1:{port}", "FIRSTLINE_PASSWORD": PASSWORD}
        key = parsed(firstline("key", "add", "tests", "--json", "--login", "admin", **environ))
        yield Place(folder, environ | {"KEY": key["secret"]}, port, server)
        server.terminate()


def as_admin(place: Place, *arguments: str, given: str | None = None) -> Result:
    return firstline(*arguments, "--login", "admin", given=given, **place.environ)


def as_integrator(place: Place, *arguments: str, given: str | None = None) -> Result:
    return firstline(*arguments, given=given, **place.environ, FIRSTLINE_KEY=place.environ["KEY"])


def test_the_first_apply_stamps_the_file_with_the_centres_revision(place: Place) -> None:
    assert revision(place.folder / "centre.yaml") == 1


def test_applying_again_changes_nothing(place: Place) -> None:
    result = as_admin(place, "config", "apply", str(place.folder / "centre.yaml"))
    assert result.exit_code == Exit.OK
    assert "Nothing to change" in result.stdout


def test_what_was_changed_live_is_not_overwritten_unless_told(place: Place, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.yaml", tmp_path / "theirs.yaml"
    for file in (ours, theirs):
        assert as_admin(place, "config", "export", str(file)).exit_code == Exit.OK
    theirs.write_text(theirs.read_text("utf-8").replace("30s", "40s"), encoding="utf-8")
    assert parsed(as_admin(place, "config", "apply", str(theirs), "--yes", "--json"))["applied"]
    ours.write_text(ours.read_text("utf-8").replace("30s", "50s"), encoding="utf-8")
    refused = as_admin(place, "config", "apply", str(ours), "--yes", "--json")
    assert refused.exit_code == Exit.FAILED
    assert all(one["conflict"] for one in json.loads(refused.stdout)["differences"])
    kept = parsed(as_admin(place, "config", "apply", str(ours), "--yes", "--json", "--take", "live"))
    assert not kept.get("differences")
    taken = parsed(as_admin(place, "config", "apply", str(ours), "--yes", "--json", "--take", "file"))
    assert taken["applied"]
    assert taken["revision"] == revision(ours) > revision(theirs)


def test_a_dry_run_shows_and_changes_nothing(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    assert as_admin(place, "config", "export", str(file)).exit_code == Exit.OK
    file.write_text(file.read_text("utf-8").replace("priority: 10", "priority: 11"), encoding="utf-8")
    shown = as_admin(place, "config", "apply", str(file), "--dry-run")
    assert shown.exit_code == Exit.OK
    assert "priority" in shown.stdout
    assert "queue/housing-phone" in shown.stdout
    assert as_admin(place, "config", "apply", str(file), "--dry-run").stdout == shown.stdout


def test_nobody_is_asked_where_nobody_is(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("skills: {new: {}}", encoding="utf-8")
    result = as_admin(place, "config", "apply", str(file))
    assert result.exit_code == Exit.USAGE
    assert "--yes" in result.stderr


def test_the_server_names_line_and_key_of_a_typo(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("agents:\n  x: {skills: {frr: 3}}\n", encoding="utf-8")
    result = as_admin(place, "config", "apply", str(file), "--yes")
    assert result.exit_code == Exit.FAILED
    assert f"{file}: line 2, column 16: agents.x.skills.frr: there is no skill 'frr'" in result.stderr


def test_accounts_are_made_listed_and_closed(place: Place) -> None:
    made = parsed(
        as_admin(
            place, "user", "add", "amelie", "--grant", "agent:housing", "--agent", "housing-01", "--generate", "--json"
        )
    )
    assert made["grants"] == [{"role": "agent", "teams": ["housing"]}]
    login = {**place.environ, "FIRSTLINE_PASSWORD": made["password"]}
    assert firstline("config", "export", "--login", "amelie", **login).exit_code == Exit.REFUSED
    assert as_admin(place, "user", "disable", "amelie").exit_code == Exit.OK
    listed = {one["login"]: one for one in parsed(as_admin(place, "user", "list", "--json"))}
    assert listed["amelie"]["disabled"]
    assert firstline("config", "export", "--login", "amelie", **login).exit_code == Exit.REFUSED


def test_a_first_password_and_a_reset_are_for_choosing_another_one(place: Place) -> None:
    made = parsed(as_admin(place, "user", "add", "zoe", "--grant", "agent:housing", "--first-password", "--json"))
    reset = parsed(as_admin(place, "user", "reset", "zoe", "--json"))
    assert made["must_change"] and reset["must_change"] and made["password"] != reset["password"]
    refused = firstline("user", "list", "--login", "zoe", **place.environ | {"FIRSTLINE_PASSWORD": reset["password"]})
    assert refused.exit_code == Exit.REFUSED
    assert "password_change_required" in refused.stderr
    (zoe,) = [one for one in as_admin(place, "user", "list").stdout.splitlines() if "zoe" in one]
    assert "first password" in zoe


def test_a_wrong_password_is_refused(place: Place) -> None:
    environ = {**place.environ, "FIRSTLINE_PASSWORD": "wrong"}
    result = firstline("user", "list", "--login", "admin", **environ)
    assert result.exit_code == Exit.REFUSED
    assert "login_failed" in result.stderr


def test_a_disabled_key_is_refused(place: Place) -> None:
    key = parsed(as_admin(place, "key", "add", "old", "--json"))
    assert as_admin(place, "key", "disable", key["id"]).exit_code == Exit.OK
    result = firstline("event", "send", "-", given="{}", **place.environ, FIRSTLINE_KEY=key["secret"])
    assert result.exit_code == Exit.REFUSED


def call(number: str, **data: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "tests",
        "type": "call.offered",
        "data": {"call": f"call-{number}", "to": "+32 2 000 01 01", "from": "+32 2 000 09 09", **data},
    }


def test_an_event_is_sent_and_its_item_explained(place: Place) -> None:
    text = msgspec.json.encode(call("1")).decode()
    sent = parsed(as_integrator(place, "event", "send", "-", "--json", given=text))
    assert sent["event"] == "event-1"
    again = parsed(as_integrator(place, "event", "send", "-", "--json", given=text))
    assert (again["item"], again["duplicate"]) == (sent["item"], True)
    why = parsed(as_admin(place, "explain", sent["item"], "--json"))
    assert (why["state"], why["agent"]) == ("queued", "")
    assert {one["agent"] for one in why["agents"]} >= {"housing-01", "mobility-01"}


def test_events_of_a_file_are_answered_one_by_one_and_a_bad_one_harms_no_other(place: Place) -> None:
    lines = [call("2"), call("3", to="+32 2 000 99 99"), call("4")]
    text = "\n".join(msgspec.json.encode(line).decode() for line in lines)
    result = as_integrator(place, "event", "send", "-", "--json", given=text)
    assert result.exit_code == Exit.REFUSED
    answers = [json.loads(line) for line in result.stdout.splitlines()[:3]]
    assert [answer["event"] for answer in answers] == ["event-2", "event-3", "event-4"]
    assert [bool(answer.get("item")) for answer in answers] == [True, False, True]
    assert answers[1]["problem"]["code"] == "unknown_entry_point"


def test_an_item_that_is_not_there_is_refused(place: Place) -> None:
    result = as_admin(place, "explain", "item_none")
    assert result.exit_code == Exit.REFUSED
    assert "unknown_item" in result.stderr


def test_the_board_and_an_item_are_shown_as_they_were(place: Place) -> None:
    """By position and by instant, for programs and for people; what is outside the archive is refused."""
    sent = parsed(as_integrator(place, "event", "send", "-", "--json", given=msgspec.json.encode(call("5")).decode()))
    now = parsed(as_admin(place, "board", "--json"))
    queue = parsed(as_admin(place, "explain", sent["item"], "--json"))
    waiting = {row["id"]: row["waiting"] for row in now["queues"]}
    before = parsed(as_admin(place, "board", "--at", str(sent["position"] - 1), "--json"))
    then = {row["id"]: row["waiting"] for row in before["queues"]}
    assert sum(waiting.values()) == sum(then.values()) + 1
    assert len(before["agents"]) == len(now["agents"]) == 34
    why = as_admin(place, "explain", sent["item"], "--at", "-0s")
    assert f"{sent['item']} was queued after event" in why.stdout
    assert all(one["agent"] in why.stdout for one in queue["agents"])
    shown = as_admin(place, "board", "--at", "-0s").stdout
    assert "waiting" in shown and "housing-01" in shown
    gone = as_admin(place, "board", "--at", "2020-01-01T00:00")
    assert (gone.exit_code, "before_history" in gone.stderr) == (Exit.REFUSED, True)


def test_the_log_of_a_running_server_is_proved_up_to_its_live_records(place: Place) -> None:
    """Behind the archive too: the store is read, and the server goes on."""
    sent = parsed(as_integrator(place, "event", "send", "-", "--json", given=msgspec.json.encode(call("6")).decode()))
    found = parsed(firstline("replay", "--json", **place.environ))
    assert (found["live_records"], found["broken"], found["began"]) == (True, [], 0)
    assert found["position"] >= sent["position"]
    short = firstline("replay", "--at", str(sent["position"] - 1), **place.environ)
    assert (short.exit_code, short.stdout.splitlines()[-1]) == (Exit.OK, "PASS")
    assert "not with live records" in short.stdout


def test_a_taken_port_says_what_to_do(place: Place, tmp_path: Path) -> None:
    result = alone("serve", FIRSTLINE_DATA_DIR=str(tmp_path), FIRSTLINE_PORT=str(place.port))
    assert result.returncode == Exit.ENVIRONMENT
    assert f"Port {place.port} on 127.0.0.1 is taken" in result.stderr


def test_a_data_base_of_a_newer_version_says_what_to_do(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "archive.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    result = alone("serve", FIRSTLINE_DATA_DIR=str(tmp_path), FIRSTLINE_PORT="0")
    assert result.returncode == Exit.ENVIRONMENT
    assert "start the newer version again" in result.stderr


def test_a_redis_that_is_down_says_what_to_do(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    result = alone("serve", FIRSTLINE_DATA_DIR=str(tmp_path), FIRSTLINE_PORT="0", FIRSTLINE_REDIS_URL=url)
    assert result.returncode == Exit.ENVIRONMENT
    assert "Redis or the data base cannot be reached" in result.stderr
    assert "redis_url" in result.stderr


def test_a_change_of_skills_is_previewed_made_and_taken_out_again(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "skills.csv"
    assert as_admin(place, "skills", "export", str(file)).exit_code == Exit.OK
    lines = file.read_text().splitlines()
    skill = lines[0].split(",")[2]
    agent = lines[1].split(",")[0]
    found = parsed(as_admin(place, "preview", "--skill", f"{agent}={skill}:5", "--json"))
    assert found["refused"] is None and found["position"] > 0
    file.write_text(f"agent,{skill}\n{agent},5\n")
    told = as_admin(place, "skills", "import", str(file), "--preview")
    assert told.exit_code == Exit.OK and "1 cells would change" in told.stdout
    assert parsed(as_admin(place, "skills", "import", str(file), "--json"))["edits"] == 1
    assert parsed(as_admin(place, "skills", "import", str(file), "--json"))["edits"] == 0
    assert f"\n{agent}," in as_admin(place, "skills", "export", "-").stdout
    refused = as_admin(place, "preview", "--skill", f"{agent}=none:1")
    assert (refused.exit_code, "unknown_skill" in refused.stderr) == (Exit.REFUSED, True)


def test_a_signal_ends_the_server_in_order_and_the_log_replays(place: Place) -> None:
    """The last test of the module: after it there is no server."""
    assert place.server.poll() is None
    place.server.send_signal(signal.SIGINT)
    assert place.server.wait(10) == 0
    found = parsed(firstline("replay", "--json", **place.environ))
    assert found["records"]["agent"] == 34
    assert found["records"]["item"] == 5
    assert found["broken"] == []
    archive = Path(place.environ["FIRSTLINE_DATA_DIR"]) / "archive.db"
    content = archive.read_bytes()
    alone = parsed(firstline("replay", str(archive), "--json"))
    assert {**alone, "seconds": 0} == {**found, "seconds": 0}
    assert "PASS" in firstline("replay", str(archive), "--from-snapshot").stdout
    assert archive.read_bytes() == content, "nothing was written"
    with closing(sqlite3.connect(archive)) as database, database:
        database.execute("DELETE FROM entries WHERE last = (SELECT max(last) FROM entries)")
    cut = firstline("replay", str(archive))
    assert (cut.exit_code, "FAIL after event" in cut.stderr) == (Exit.FAILED, True)
