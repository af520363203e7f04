"""What the documents show can be typed: events fit the sample centre, links lead somewhere, verbs exist."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from channels import intake
from channels.payload import read
from router.centre import sample
from router.gateway import CloudEvent
from tests.architecture.tree import ROOT, tracked

EVENTS = (ROOT / "docs/events.md").read_text("utf-8")
SHOWN = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'", EVENTS, re.DOTALL)]
SENT = [json.loads(line) for line in (ROOT / "docs/examples/events.jsonl").read_text("utf-8").splitlines()]
SHAPES = {name: kind.shape for name, kind in intake._KINDS.items()} | {intake.MAIL: intake.MailReceived}
VERBS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
PAGES = [(path, text) for path, text in tracked() if path.endswith(".md")]


@pytest.mark.parametrize("body", [*SHOWN, *SENT], ids=lambda body: body["type"])
def test_an_event_that_is_shown_would_be_taken(body: dict[str, Any]) -> None:
    event = msgspec.convert(body, CloudEvent)
    data = read(event.data, SHAPES[event.type])
    address = getattr(data, "to", None) or getattr(data, "site", None)
    assert address is None or f"address: {address}" in sample.text()


def test_each_channel_has_its_example() -> None:
    assert {body["type"] for body in SHOWN} == {"call.offered", "mail.received", "chat.message"}


@pytest.mark.parametrize(("path", "text"), PAGES, ids=[path for path, _ in PAGES])
def test_a_link_leads_somewhere(path: str, text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / Path(path).parent / link).exists()] == []


@pytest.mark.parametrize(("path", "text"), PAGES, ids=[path for path, _ in PAGES])
def test_a_verb_of_make_that_is_named_exists(path: str, text: str) -> None:
    assert set(re.findall(r"`make ([a-z]+)", text)) <= VERBS
