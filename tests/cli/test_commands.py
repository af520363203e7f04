"""Commands without a server: what they print, for people and for programs, and the code they end with."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from router.centre import sample
from router.cli.app import app
from router.cli.outcome import MEANINGS, Exit
from tests.support import free_port


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this machine, no server, a data folder of its own."""
    for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FIRSTLINE_PORT", str(free_port()))


def firstline(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


def parsed(result: Result) -> Any:
    """The one line of JSON on standard output."""
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_check_of_the_sample_is_good(tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text(sample.text(), encoding="utf-8")
    result = firstline("config", "check", str(file))
    assert result.exit_code == Exit.OK
    assert "34 agents" in result.stdout


def test_sample_prints_a_file_that_check_takes() -> None:
    text = firstline("config", "sample").stdout
    result = firstline("config", "check", "-", "--json", given=text)
    assert result.exit_code == Exit.OK
    assert parsed(result)["records"]["teams"] == 4


def test_check_names_line_and_key_of_a_typo(tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("skills: {}\nqueus: {}\n", encoding="utf-8")
    result = firstline("config", "check", str(file))
    assert result.exit_code == Exit.FAILED
    assert f"{file}: line 2, column 1: queus: there is no key 'queus' here (did you mean 'queues'?)" in result.stderr


FAULTY = """\
skills: {a: {}}
queues: {q: {wishes: {a: 1}}}
teams: {t: {serves: {q: 1}}}
agents: {x: {teams: [t]}}
"""


def test_check_finds_what_a_file_cannot_mean() -> None:
    """With line, code and what to do; warnings fail only where that is asked for."""
    result = firstline("config", "check", "-", given=FAULTY.replace("wishes", "skills"))
    assert result.exit_code == Exit.FAILED
    assert "line 2, column 14: queues.q.skills: no agent who serves 'q' has a at 1 (ask less" in result.stderr
    assert "[requirement_never]" in result.stderr
    result = firstline("config", "check", "-", "--json", given=FAULTY)
    assert result.exit_code == Exit.OK
    assert [(one["code"], one["warning"]) for one in parsed(result)["warnings"]] == [("wish_never", True)]
    assert "warning: line 2" in firstline("config", "check", "-", given=FAULTY).stderr
    strict = firstline("config", "check", "-", "--strict", "--json", given=FAULTY)
    assert strict.exit_code == Exit.FAILED
    assert [one["code"] for one in parsed(strict)["problems"]] == ["wish_never"]


def test_with_json_an_error_is_an_object_too() -> None:
    result = firstline("config", "check", "-", "--json", given="queus: {}")
    assert result.exit_code == Exit.FAILED
    answer = parsed(result)
    assert answer["exit"] == 1
    assert answer["problems"][0]["line"] == 1


def test_a_file_that_is_not_there_is_an_error_of_this_machine(tmp_path: Path) -> None:
    result = firstline("config", "check", str(tmp_path / "none.yaml"))
    assert result.exit_code == Exit.ENVIRONMENT
    assert "none.yaml cannot be read: No such file" in result.stderr


@pytest.mark.parametrize("arguments", [("serve", "--port", "x"), ("nothing",), ("explain",), ("config", "apply")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert firstline(*arguments).exit_code == Exit.USAGE


def test_a_wrong_setting_ends_with_5_and_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_PORT", "many")
    result = firstline("serve")
    assert result.exit_code == Exit.ENVIRONMENT
    assert "FIRSTLINE_PORT: port: Expected `int`" in result.stderr


def test_a_wrong_mailbox_is_refused_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "firstline.toml"
    file.write_text("[mailboxes.help]\naddres = 'a@b.example'\n", encoding="utf-8")
    result = firstline("serve", "--config", str(file))
    assert result.exit_code == Exit.ENVIRONMENT
    assert "mailboxes.help" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "arguments", [("explain", "item_1"), ("config", "export"), ("user", "list"), ("event", "send", "-")]
)
def test_a_named_server_that_does_not_answer_ends_with_4(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_KEY", "fl_x")
    monkeypatch.setenv("FIRSTLINE_URL", f"http://127.0.0.1:{free_port()}")
    result = firstline(*arguments, given='{"id": "1"}')
    assert result.exit_code == Exit.UNREACHABLE
    assert "firstline serve" in result.stderr


def test_nobody_to_ask_for_a_login_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_URL", "http://127.0.0.1:1")
    result = firstline("explain", "item_1", given="")
    assert result.exit_code == Exit.USAGE
    assert "FIRSTLINE_TOKEN" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [("[1,", "not JSON"), ('{"id": 1}\n{"id": \n', "Line 2 is not JSON"), ("hello", "not JSON")],
)
def test_a_broken_events_file_is_refused_before_the_first_is_sent(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_KEY", "fl_x")
    result = firstline("event", "send", "-", given=text)
    assert result.exit_code == Exit.FAILED
    assert said in result.stderr
    assert "Nothing was sent" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "a b", "--grant", "admin", "--generate"), "a-z, 0-9"),
        (("user", "add", "ann", "--grant", "boss", "--generate"), "'boss' is no role"),
        (("user", "add", "ann", "--grant", "agent", "--generate"), "Name the teams"),
        (("user", "add", "ann", "--grant", "admin"), "FIRSTLINE_NEW_PASSWORD"),
    ],
)
def test_an_account_that_cannot_be_is_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    result = firstline(*arguments, given="")
    assert result.exit_code == Exit.USAGE
    assert said in result.stderr


def test_replay_of_a_folder_that_never_served_says_so() -> None:
    result = firstline("replay")
    assert result.exit_code == Exit.ENVIRONMENT
    assert "no archive" in result.stderr


def test_version_is_that_of_the_package() -> None:
    assert parsed(firstline("version", "--json"))["firstline"].count(".") == 2


def test_each_exit_code_is_told_in_the_help() -> None:
    text = " ".join(firstline("--help").stdout.split())
    for code, meaning in MEANINGS.items():
        assert f"{code.value} {meaning}" in text
