"""A small centre in words, and the state that it becomes."""

from collections.abc import Iterable

import msgspec
import pytest

from router.core.commands import CentreRecord
from router.core.state import State

SMALL = """\
revision: 0
languages: [fr, nl]
default_region: BE
skills:
  fr: {kind: language, names: {fr: Français, nl: Frans}}
hours:
  office:
    zone: Europe/Brussels
    holidays: BE
    weekly:
      monday: ["09:00-12:30", "13:00-17:00"]
    exceptions:
      2026-12-24: ["09:00-12:00"]
      2026-12-25: []
queues:
  help:
    names: {fr: Aide, nl: Hulp}
    skills: {fr: 2}
    target: {phone: 20s, email: 4h}
    hours: office
    escalates_to: experts
  experts: {names: {fr: Experts, nl: Experten}, line: 2}
teams:
  first: {names: {fr: Un, nl: Een}, serves: {help: 1}}
agents:
  a1:
    name: A
    teams: [first]
    skills: {fr: 4}
    serves: {experts: {order: 3, enabled: false}}
    phone: 2101
categories:
  question: {names: {fr: Question, nl: Vraag}, escalates_to: experts}
codes:
  disposition: {done: {fr: Fait, nl: Gedaan}}
entry_points:
  line: {channel: phone, address: 02 000 01 01, queue: help, overrides: [language]}
"""


def centre(records: Iterable[CentreRecord], revision: int = 1) -> State:
    """A live centre of these records, as if one edit had made them."""
    state = State()
    for record in records:
        put(state, record, revision)
    state.edit_meta().revision = revision
    state.settle()
    return state


def put(state: State, record: CentreRecord, revision: int) -> None:
    """One record as an edit with this revision leaves it."""
    state.put(str(record.__struct_config__.tag), record.id, msgspec.structs.replace(record, revision=revision))
    state.settle()


@pytest.fixture
def small() -> str:
    """The text of a small centre."""
    return SMALL
