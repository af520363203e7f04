"""Classification in a real server: rules, tags of customers, hours and the language of a text; a skill that goes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import eventually_true
from tests.whole.server import PASSWORD, Server

pytestmark = [pytest.mark.slow, pytest.mark.service]

CENTRE = """
skills:
  nl: {kind: language}
  fr: {kind: language}
hours:
  always:
    zone: Europe/Brussels
    weekly:
      {monday: &all ["00:00-24:00"], tuesday: *all, wednesday: *all, thursday: *all, friday: *all, saturday: *all,
       sunday: *all}
queues: {help: {}, care: {}}
teams: {first: {serves: {help: 1, care: 1}}}
agents: {ann: {teams: [first], skills: {nl: 3, fr: 3}}}
entry_points:
  box: {channel: email, address: help@desk.example, queue: help}
  line: {channel: phone, address: "+3222000000", queue: help}
rules:
  vip: {when: {tags: [vip]}, queue: care, go_on: true}
  dutch: {when: {languages: [nl], hours: always}, skills: {nl: 2}}
"""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("node"), {"FIRSTLINE_PASSWORD": PASSWORD})
    made.start_new(CENTRE)
    yield made
    assert made.stop() == 0


def item(server: Server, id: str, type: str, **data: Any) -> dict[str, Any]:
    """The item that an event ends up with."""
    event = {"specversion": "1.0", "id": id, "source": "/x", "type": type, "data": data}
    status, answer = server.post("/api/v1/events", event, headers={"Prefer": "wait=10"})
    assert status == 200, answer
    return dict(server.get(f"/api/v1/items/{answer['item']}")[1])


def test_a_contact_is_classified_by_what_is_known_of_it(server: Server) -> None:
    text = "Goedemiddag, wanneer kan ik mijn nieuwe kaart komen ophalen?"
    mail = item(server, "m1", "mail.received", **{"from": "kim@x.example", "to": "help@desk.example", "text": text})
    assert (mail["language"], mail["requirement"], mail["rules"]) == ("nl", {"nl": 2}, ["dutch"])
    explained = server.get(f"/api/v1/items/{mail['id']}/explain")[1]
    assert explained["asks"]["rules"] == ["dutch"]
    token = server.token
    card = {"name": "Kim", "tags": ["vip"], "addresses": [{"kind": "phone", "address": "+32 470 00 00 00"}]}
    assert server.post("/api/v1/customers", card, key=token)[0] == 201
    call = item(server, "c1", "call.offered", **{"call": "k1", "to": "+3222000000", "from": "+32470000000"})
    assert (call["queue"], call["rules"], call["language"]) == ("care", ["vip"], "")
    drop = ("config", "drop-skill", "nl", "--yes", "--login", "root", "--url", server.url)
    refused = server.cli(*drop)
    assert (refused.returncode, "in_use" in refused.stderr) == (3, True), refused
    dropped = server.cli(*drop, "--becomes", "fr")
    assert dropped.returncode == 0, dropped
    eventually_true(lambda: server.get(f"/api/v1/items/{mail['id']}")[1]["requirement"] == {"fr": 2}, within_s=10)
    assert server.get("/api/v1/agents/ann")[1]["skills"] == {"fr": 3}
