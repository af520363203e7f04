"""`firstline init`: what it asks, what it refuses, what it writes, and that a team can work with the result."""

import asyncio
import contextlib
import json
import os
import re
import smtplib
import sqlite3
import stat
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import socketio
import yaml

from channels.email.settings import MailboxSettings, mailboxes
from router.centre.parse import parse
from router.cli.outcome import CommandError, Exit
from router.cli.setup.answers import read
from router.cli.setup.centre import centre_text
from router.cli.setup.files import settings_text
from router.settings import load
from tests.architecture.tree import ROOT
from tests.cli.terminal import Terminal
from tests.email.conftest import dovecot
from tests.email.post import mail
from tests.email.servers import PASSWORD, Dovecot, opensmtpd
from tests.support import eventually_true, free_port

__all__ = ["dovecot"]
pytestmark = [pytest.mark.service, pytest.mark.slow]

FIRSTLINE = [sys.executable, "-m", "router.cli"]
ANN, LEA = "rain on tuesdays", "snow in the evening"


class Here:
    """A data folder of its own, and commands on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
        self.environ = clean | {"FIRSTLINE_DATA_DIR": str(self.data), "FIRSTLINE_PORT": str(self.port)}

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*FIRSTLINE, *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def init(self, answers: dict[str, Any], *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        file = self.data.with_name("answers.yaml")
        file.write_text(yaml.safe_dump(answers), encoding="utf-8")
        return self.run("init", "--answers", str(file), *options, **environ)

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """`firstline serve`, with nothing said to it."""
        with (
            self.data.with_name("log").open("w") as log,
            subprocess.Popen([*FIRSTLINE, "serve"], env=self.environ, stdout=subprocess.PIPE, stderr=log) as server,
        ):
            assert server.stdout is not None
            assert server.stdout.readline().startswith(b"Firstline answers at")
            try:
                yield
            finally:
                server.terminate()

    def log_in(self, login: str, password: str) -> Any:
        body = json.dumps({"login": login, "password": password}).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.data.glob("*")} if self.data.exists() else set()


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def answers(**others: Any) -> dict[str, Any]:
    """Of a service that chats only; each test adds what it is about."""
    return {
        "name": "Médiathèque",
        "languages": ["fr", "en"],
        "chat": {"site": "desk.example", "origins": ["https://desk.example"]},
        "leader": {"login": "lea", "name": "Léa", "password": LEA},
        "agents": [{"login": "ann", "password": ANN}, {"login": "bob", "line": 2, "languages": ["en"]}],
    } | others


def mailbox(dovecot: Dovecot, user: str, **imap: Any) -> dict[str, Any]:
    plain = {"host": "127.0.0.1", "port": dovecot.imap_port, "tls": "none", "user": user, "password": PASSWORD}
    smtp = {"host": "127.0.0.1", "port": free_port(), "tls": "none", "user": user, "password": "other"}
    return {"address": f"{user}@desk.example", "title": "Médiathèque", "imap": plain | imap, "smtp": smtp}


def test_a_person_sets_it_up_and_a_team_works_with_it(here: Here, dovecot: Dovecot) -> None:
    """From nothing: wrong answers are told in words that help, corrected, and mail then goes in and out."""
    user, customer = dovecot.new_user(), dovecot.new_user()
    with opensmtpd(dovecot.lmtp_port) as smtp_port:
        logins = interviewed(here, dovecot, user, smtp_port)
        with here.served(), smtplib.SMTP("127.0.0.1", smtp_port) as relay:
            said = mail(sender=f"{customer}@customer.example", To=f"{user}@desk.example")
            relay.sendmail(f"{customer}@customer.example", [f"{user}@desk.example"], said)
            assert here.log_in("lea", logins["lea"]["password"])["must_change"]
            asyncio.run(answered(here.url, here.log_in("ann", ANN)))
            eventually_true(lambda: dovecot.count(customer) == 1, 30)
    with dovecot.as_person(customer) as theirs:
        theirs.select()
        message = message_from_bytes(theirs.fetch("1", "(RFC822)")[1][0][1], policy=policy.default)  # type: ignore[index,arg-type]
    assert message["Subject"].startswith("Re: My form")
    assert message["From"].addresses[0].display_name == "Médiathèque"


async def answered(url: str, session: dict[str, Any]) -> None:
    """Ann signs in, is given what waits, accepts it and answers it."""
    async with socketio.AsyncSimpleClient() as ann:
        await ann.connect(url, auth={"token": session["access_token"]}, namespace="/agent", transports=["websocket"])
        assert (await ann.call("presence", {"state": "available"}))["ok"]
        items: dict[str, Any] = {}
        while not (held := [item for item in items.values() if item["state"] == "reserved"]):
            _, data = await ann.receive(timeout=30)
            items |= data["view"]["items"] if "view" in data else data["set"].get("items", {})
        assert held[0]["queue"] == "first-line"
        assert (await ann.call("accept", {"item": held[0]["id"]}))["ok"]
        assert (await ann.call("reply", {"item": held[0]["id"], "text": "It opens now."}))["ok"]


def interviewed(here: Here, dovecot: Dovecot, user: str, smtp_port: int) -> dict[str, dict[str, str]]:
    """Somebody answers all questions, some wrongly first; the accounts that came of it."""
    with Terminal([*FIRSTLINE, "init", "--json"], here.environ) as person:
        asked_about_mail(person, dovecot, user, smtp_port)
        return hired(person)


def asked_about_mail(person: Terminal, dovecot: Dovecot, user: str, smtp_port: int) -> None:
    """The questions about the service and its mail, with the troubles that people have."""
    person.answer("Name of the service", "Médiathèque")
    person.answer("Its languages", "fr klingon")
    person.answer("say one or more of fr nl de en", "fr en")
    person.answer("Mail address", "nobody")
    person.answer("no mail address", f"{user}@desk.example")
    person.answer("see beside it [Médiathèque]")
    person.answer("Host", "no-such-host.invalid")
    person.answer("Port [993]", str(dovecot.imaps_port))
    person.answer("TLS: implicit, none (", "starttls")
    person.answer("say one of implicit, none")
    person.answer(f"User [{user}@desk.example]", user)
    person.secret("Password", "wrong")
    person.answer("There is no host no-such-host.invalid")
    person.answer("Host", "127.0.0.1")
    assert "not trusted" in person.answer("Correct it?")
    person.answer("Host")
    person.answer("certificate to trust", str(dovecot.certificate))
    assert "Authentication failed" in person.answer("Correct it?")
    person.answer("User")
    person.secret("Password", PASSWORD)
    person.asked("The mailbox works.")
    person.answer("Host [127.0.0.1]")
    person.answer("Port [587]", str(free_port()))
    person.answer("TLS")
    person.answer(f"User (- for none) [{user}]")
    person.secret("Password")
    assert "Nothing listens" in person.answer("Correct it?")
    person.answer("Host")
    person.answer("Port", str(smtp_port))
    person.answer("TLS")
    assert "no STARTTLS" in person.answer("Correct it?")
    person.answer("Port")
    person.answer("TLS", "none")
    assert "lets nobody log in" in person.answer("Correct it?")
    person.answer("User", "-")
    person.asked("Mail can be sent.")


def hired(person: Terminal) -> dict[str, dict[str, str]]:
    """The questions about chat and people."""
    person.answer("Send a test mail to")
    person.answer("host name of your web site", "desk.example")
    person.answer("pages that may open it [https://desk.example]")
    person.answer("Name", "Léa Dubray")
    person.answer("Login [lea]")
    person.secret("First password")
    person.answer("Name", "Ann Claes")
    person.answer("Login [ann]")
    person.secret("First password", "short")
    person.secret("8 to 256 characters", ANN)
    person.answer("Speaks [fr en]")
    person.answer("Name", "Bob")
    person.answer("Login [bob]", "ann")
    person.answer("has this login already", "bob")
    person.secret("First password")
    person.answer("Speaks [fr en]", "en")
    person.answer("Somebody else?")
    code, result = person.ended()
    assert code == Exit.OK, person.said
    assert ANN not in person.said
    return {one["login"]: one for one in json.loads(result)["logins"]}


def test_a_language_that_only_specialists_speak_is_told(here: Here) -> None:
    with Terminal([*FIRSTLINE, "init"], here.environ) as person:
        person.answer("Name of the service")
        person.answer("Its languages", "fr en")
        person.answer("Mail address")
        person.answer("host name of your web site", "desk.example")
        person.answer("pages that may open it")
        for name, speaks in (("Lea", ""), ("Ann", "fr"), ("Bob", "fr en")):
            person.answer("Name", name)
            person.answer("Login")
            person.secret("First password")
            if speaks:
                person.answer("Speaks", speaks)
        person.answer("Somebody else?")
        person.asked("Nobody in the first line speaks en")
        assert person.ended()[0] == Exit.OK


def test_ctrl_c_leaves_nothing_behind(here: Here) -> None:
    with Terminal([*FIRSTLINE, "init"], here.environ) as person:
        person.answer("Name of the service")
        person.asked("Its languages")
        person.interrupt()
        assert person.ended()[0] == Exit.FAILED
    assert here.files == set()


def test_answers_from_a_file_set_everything_up(here: Here, dovecot: Dovecot) -> None:
    """Settings, centre and secrets are good and side by side; passwords are for their owner alone; made up ones are
    told, given ones are not; nothing is set up twice."""
    box = mailbox(dovecot, "help")
    box["imap"]["password"] = "env:MAIL_PASSWORD"
    made = here.init(answers(mailbox=box), "--untested", "--json", MAIL_PASSWORD="sesam")
    assert made.returncode == Exit.OK, made.stderr
    logins = {one["login"]: one.get("password", "") for one in json.loads(made.stdout)["logins"]}
    assert logins["lea"] == logins["ann"] == ""
    assert len(logins["bob"]) > 16
    (kept,) = mailboxes(load(environ=here.environ).mailboxes)
    assert kept.imap is not None and kept.smtp is not None
    assert (kept.name, kept.imap.password, kept.smtp.password) == ("help", "sesam", "other")
    for secret in ("help.imap.password", "help.smtp.password"):
        assert stat.S_IMODE((here.data / secret).stat().st_mode) == 0o600
    assert "sesam" not in (here.data / "firstline.toml").read_text("utf-8")
    centre = parse((here.data / "centre.yaml").read_bytes())
    assert (centre.revision, centre.document.languages) == (1, ("fr", "en"))
    assert "Nothing to change" in here.run("config", "apply", str(here.data / "centre.yaml"), "--yes").stdout
    again = here.init(answers(), "--replace")
    assert again.returncode == Exit.REFUSED
    assert "is set up already" in again.stderr


def test_what_does_not_work_is_told_and_nothing_is_written(here: Here, dovecot: Dovecot) -> None:
    failed = here.init(answers(mailbox=mailbox(dovecot, dovecot.new_user(), password="wrong")), "--json")
    assert failed.returncode == Exit.FAILED
    assert json.loads(failed.stdout)["trouble"] == "login_refused"
    assert here.files == set()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"languages": ["fr", "pl"]}, "Invalid enum value 'pl'"),
        ({"chat": {"site": "https://desk.example"}}, "is no site"),
        ({"agents": [{"login": "lea"}]}, "the login lea is given twice"),
        ({"agents": [{"login": "me"}]}, "take another login"),
        ({"agents": [{"login": "ann", "languages": ["en"]}]}, "nobody speaks fr"),
        ({"leader": {"login": "lea", "password": "short"}}, "8 to 256 characters"),
        ({"leader": {"login": "lea", "password": "env:NOT_THERE"}}, "NOT_THERE that it names is not set"),
        ({"chat": None}, "nothing would come in"),
    ],
)
def test_wrong_answers_are_named(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(yaml.safe_dump(answers(**wrong)), encoding="utf-8")
    with pytest.raises(CommandError, match=said) as raised:
        read(file, {})
    assert raised.value.exit == Exit.FAILED


def test_passwords_may_be_named_instead_of_written(tmp_path: Path) -> None:
    (tmp_path / "ann").write_text(ANN + "\n", encoding="utf-8")
    given = answers(agents=[{"login": "ann", "password": f"file:{tmp_path}/ann"}])
    given["leader"]["password"] = "env:LEA"
    file = tmp_path / "answers.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    assert [person.password for person in read(file, {"LEA": LEA}).people] == [LEA, ANN]


def test_settings_take_every_text(tmp_path: Path) -> None:
    """Also one that was pasted from somewhere odd: the server must start on what init wrote."""
    odd = "Desk\r\n[x]\n\"'\\ \x7f\x00\u2028 ☎"
    server = {"host": "mail.desk.example", "user": odd}
    both = {"imap": server | {"password": "x"}, "smtp": server}
    box = msgspec.convert({"name": "help", "address": "help@desk.example", "title": odd, **both}, MailboxSettings)
    plain = tomllib.loads(settings_text(box, {}, before="", data_dir=tmp_path / odd.replace("\0", "")))
    assert (plain["mailboxes"]["help"]["title"], plain["mailboxes"]["help"]["smtp"]["user"]) == (odd, odd)


def test_an_init_that_was_cut_off_is_simply_started_again(here: Here) -> None:
    """Centre and agents were made, the admin was not, and the files are there."""
    assert here.init(answers()).returncode == Exit.OK
    with contextlib.closing(sqlite3.connect(here.data / "archive.db")) as database, database:
        database.execute("DELETE FROM accounts WHERE login = 'lea'")
    again = here.init(answers(agents=[{"login": "ann"}, {"login": "bob", "line": 2}]), "--replace", "--json")
    assert again.returncode == Exit.OK, again.stderr
    assert [one["login"] for one in json.loads(again.stdout)["logins"] if one.get("password")] == ["ann", "bob"]


def test_the_answers_that_the_documentation_shows_are_good(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/first-steps.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "answers.yaml").write_text(shown, encoding="utf-8")
    found = read(tmp_path / "answers.yaml", {"MAIL_PASSWORD": "sesam"})
    assert parse(centre_text(found)).document.languages == ("fr", "nl", "de", "en")


def test_files_that_are_there_are_changed_only_when_told(here: Here) -> None:
    """A settings file keeps what it says and gets the mailbox added; the old files stay beside the new ones."""
    here.data.mkdir()
    (here.data / "firstline.toml").write_text("replicas = 2\n", encoding="utf-8")
    (here.data / "centre.yaml").write_text("skills: {}\n", encoding="utf-8")
    refused = here.init(answers())
    assert refused.returncode == Exit.REFUSED
    assert "--replace" in refused.stderr
    assert here.init(answers(), "--replace").returncode == Exit.OK
    assert load(environ=here.environ).replicas == 2
    assert (here.data / "centre.yaml.old").read_text("utf-8") == "skills: {}\n"


def test_settings_may_lie_elsewhere_and_then_name_the_data_folder(here: Here, tmp_path: Path) -> None:
    config = tmp_path / "etc" / "firstline.toml"
    made = here.init(answers(), "--config", str(config), "--json")
    assert made.returncode == Exit.OK, made.stderr
    assert json.loads(made.stdout)["start"] == f"firstline serve --config {config}"
    assert load(config=config, environ={}).data_dir == here.data
    assert (tmp_path / "etc" / "centre.yaml").exists()


def test_nobody_is_asked_where_nobody_is(here: Here) -> None:
    result = here.run("init")
    assert result.returncode == Exit.USAGE
    assert "--answers" in result.stderr
