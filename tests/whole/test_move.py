"""An installation with mail and calls moves from SQLite to PostgreSQL, as its operator does it: while it works."""

import asyncio
import json
import os
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from router.archive.database import Database
from router.cli.outcome import Exit
from tests.api.desk import Desk
from tests.archive.conftest import postgresql, postgresql_url
from tests.archive.domain import rows
from tests.email.relay import Relay, listening
from tests.support import eventually, free_port
from tests.whole.server import CENTRE, PASSWORD, Server, offered

__all__ = ["postgresql", "postgresql_url"]

pytestmark = [pytest.mark.slow, pytest.mark.service]

HELP = "help@desk.example"
MAILBOX = f"""
[mailboxes.help]
address = "{HELP}"
smtp = {{ host = "127.0.0.1", port = %d, tls = "none" }}
"""
WITH_MAIL = CENTRE + f"  mail: {{channel: email, address: {HELP}, queue: help, overrides: [skills]}}\n"


class Installation(Server):
    """A server that takes mail in, sends it through a relay, and may be told of another data base."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mail_port = free_port()
        self.settings = {"FIRSTLINE_SMTP_INTAKE_ON": "true", "FIRSTLINE_SMTP_INTAKE_PORT": str(self.mail_port)}

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.settings

    def begin(self, relay_port: int) -> None:
        """Settings, centre and people; then the server."""
        (self.folder / "firstline.toml").write_text(MAILBOX % relay_port, encoding="utf-8")
        self.set_up()
        applied = self.cli("config", "apply", "-", "--yes", "--take", "file", standard_input=WITH_MAIL)
        assert applied.returncode == Exit.OK, applied.stderr + applied.stdout
        made = self.cli("user", "add", "ann", "--agent", "ann", "--grant", "agent:first")
        assert made.returncode == Exit.OK, made.stderr
        self.start()

    def migrate(self, url: str) -> dict[str, Any]:
        """One call of `firstline migrate`, as a program makes it."""
        done = self.cli("migrate", "--to", url, "--json")
        assert done.returncode == Exit.OK, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def call(self, number: int) -> str:
        """The item of this call, told (again) until it is taken. It waits: nobody speaks English so well."""
        event = offered(number)
        event["data"]["skills"] = {"english": 5}
        status, answer = self.post("/api/v1/events", event, headers={"Prefer": "wait=5"})
        assert status in (200, 202, 503), answer
        return str(answer["item"]) if status == 200 else self.call(number)

    def write(self, subject: str) -> None:
        """A customer writes a mail."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "kim@example.org", HELP, subject
        mail["Message-ID"] = f"<{subject}@example.org>"
        mail.set_content("Where is my form?")
        with smtplib.SMTP("127.0.0.1", self.mail_port) as intake:
            intake.send_message(mail)

    def story(self, item: str) -> Any:
        """Everything that is known of an item."""
        return self.get(f"/api/v1/items/{item}")[1], self.get(f"/api/v1/items/{item}/timeline")[1]

    def in_history(self, item: str) -> bool:
        """Whether the item has left memory: what is told of it comes from the data base alone."""
        return "legs" in self.get(f"/api/v1/items/{item}")[1]


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with listening(Relay()) as relay:
        yield relay


@pytest.fixture
async def server(tmp_path: Path, relay: Relay) -> AsyncIterator[Installation]:
    made = Installation(tmp_path)
    await asyncio.to_thread(made.begin, relay.port)
    yield made
    if made.process.poll() is None:
        await asyncio.to_thread(made.stop)


async def answered(server: Installation, relay: Relay, subject: str) -> str:
    """A mail comes in, ann answers it from her desk, and the customer has the answer; the item."""
    status, login = await asyncio.to_thread(
        server.request, "POST", "/api/v1/login", json.dumps({"login": "ann", "password": PASSWORD}).encode()
    )
    assert status == 200, login
    desk = Desk(server)  # type: ignore[arg-type]
    await desk.connect({"token": login["access_token"]})
    await eventually(lambda: desk.views and desk.view["agent"]["connected"])
    relay.arrived.clear()
    await asyncio.to_thread(server.write, subject)
    await desk.act("presence", state="available")

    def reserved() -> str:
        mails = [item for item in desk.view["items"].values() if item["channel"] == "email"]
        return next((item["id"] for item in mails if item["state"] == "reserved"), "")

    item = await eventually(reserved, within_s=20)
    for event, more in (("accept", {}), ("reply", {"text": "Here it is."}), ("complete", {"disposition": "done"})):
        done = await desk.act(event, item=item, **more)
        assert done["ok"], done
    await asyncio.wait_for(relay.arrived.wait(), 20)
    await desk.act("presence", state="not_ready", reason="break")
    await desk.client.disconnect()
    return item


async def test_an_installation_moves_while_it_works_and_goes_on_in_postgresql(
    server: Installation, relay: Relay, postgresql_url: str
) -> None:
    """Nothing that was accepted is missing, doubled or changed; the old data base starts no server any more."""
    items: dict[int, str] = {}
    moving = asyncio.Event()

    async def load() -> None:
        while not moving.is_set():
            items[len(items)] = await asyncio.to_thread(server.call, len(items))

    first_mail = await answered(server, relay, "before")
    calling = asyncio.create_task(load())
    first = await asyncio.to_thread(server.migrate, postgresql_url)
    moving.set()
    await calling
    second_mail = await answered(server, relay, "between")
    watched = [first_mail, second_mail, items[0], items[len(items) - 1]]
    for mail in (first_mail, second_mail):
        await eventually(lambda: asyncio.to_thread(server.in_history, mail), within_s=40)  # noqa: B023
    stories = {item: await asyncio.to_thread(server.story, item) for item in watched}
    assert await asyncio.to_thread(server.stop) == 0
    second = await asyncio.to_thread(server.migrate, postgresql_url)
    assert (first["finished"], second["finished"]) == (False, True)
    assert second["position"] > first["position"] > 0
    assert second["written"] < second["rows"]
    refused = await asyncio.to_thread(server.cli, "serve")
    assert refused.returncode == Exit.ENVIRONMENT and "was moved to PostgreSQL" in refused.stderr
    server.settings["FIRSTLINE_DATABASE_URL"] = postgresql_url
    await asyncio.to_thread(server.start)
    assert {item: await asyncio.to_thread(server.story, item) for item in watched} == stories
    again = {number: await asyncio.to_thread(server.call, number) for number in items}
    assert again == items, "told again, each call has the item it had"
    third_mail = await answered(server, relay, "after")
    assert len(relay.mails) == 3
    assert await asyncio.to_thread(server.stop) == 0
    replayed = await asyncio.to_thread(server.cli, "replay", "--json")
    assert json.loads(replayed.stdout)["broken"] == []
    database = await Database.open(postgresql_url)
    kept = {row["id"]: row["state"] for row in await rows(database, "items")}
    await database.close()
    assert kept == dict.fromkeys(items.values(), "queued") | dict.fromkeys(
        (first_mail, second_mail, third_mail), "closed"
    )


async def test_a_first_start_on_an_empty_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    """People, keys, centre and calls lie there from the first command on; there is no SQLite file."""
    server = Installation(tmp_path)
    server.settings["FIRSTLINE_DATABASE_URL"] = postgresql_url
    await asyncio.to_thread(server.set_up)
    await asyncio.to_thread(server.start)
    item = await asyncio.to_thread(server.call, 1)
    database = await Database.open(postgresql_url)
    await eventually(lambda: rows(database, "items"), 30)
    assert await asyncio.to_thread(server.stop) == 0
    kept = {name: await rows(database, name) for name in ("items", "accounts", "api_keys")}
    await database.close()
    assert [row["id"] for row in kept["items"]] == [item]
    assert [row["login"] for row in kept["accounts"]] == ["root"]
    assert [row["name"] for row in kept["api_keys"]] == ["pbx"]
    assert "archive.db" not in await asyncio.to_thread(os.listdir, tmp_path)
