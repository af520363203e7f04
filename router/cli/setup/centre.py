"""The first `centre.yaml`: two lines, two teams, one mailbox, one chat site; languages are skills.

A file for people: sections with a word about each, in an order that reads well. `firstline config apply` takes it as
it takes any other, and docs/reference/centre.md says what more may be written there.
"""

from typing import Any

import yaml

from router.cli.setup.answers import Agent, Answers
from router.cli.setup.titles import CATEGORIES, CODES, LINES, SKILLS, names

FIRST, SPECIALISTS = "first-line", "specialists"
TEAMS = {1: FIRST, 2: SPECIALISTS}
_SPEAKS = 4  # the level of somebody who works in a language; 5 is left for those who are better than others
_WIDTH = 120  # columns

_HEAD = """\
# This service as a file. Change it, then 'firstline config apply FILE': it shows what would change, and asks.
# docs/reference/centre.md says what may be written here; what is not in the file stays as it is.

"""
_ABOUT = {
    "skills": """\
# A language is a skill; its id is the language code that customers and events use. Levels go from 1 to 5.
""",
    "queues": """\
# Items waiting under common rules. A target is how soon to answer, wrap_up how long an agent may still work on an
# item after the exchange ended. Without `hours` a queue is always open.
""",
    "teams": "# The queues that members serve, in this order: the lowest is asked first.\n",
    "agents": "# Without `rooms` an agent has room for one call, or three chats, or two e-mails, or a mix that fits.\n",
    "categories": "# What a contact is about. An `escalates_to` here goes before that of the queue.\n",
    "codes": "# What agents choose: how it ended, why not ready, why escalated, why declined.\n",
    "entry_points": "# Where contacts come in. `overrides` is what a contact may say of itself.\n",
}


def centre_text(answers: Answers) -> str:
    """The file."""
    parts: dict[str, Any] = {
        "skills": {code: {"kind": "language", "names": _in(answers, SKILLS[code])} for code in answers.languages},
        "queues": _queues(answers),
        "teams": {
            FIRST: {"names": _in(answers, LINES[FIRST]), "serves": {FIRST: 1}},
            SPECIALISTS: {"names": _in(answers, LINES[SPECIALISTS]), "line": 2, "serves": {SPECIALISTS: 1}},
        },
        "agents": {agent.login: _agent(answers, agent) for agent in answers.agents},
        "categories": {key: {"names": _in(answers, title)} for key, title in CATEGORIES.items()},
        "codes": {kind: {key: _in(answers, title) for key, title in titles.items()} for kind, titles in CODES.items()},
        "entry_points": _entry_points(answers),
    }
    head = {"revision": 0, "name": answers.name, "languages": list(answers.languages)}
    sections = [_section(key, part) for key, part in head.items()]
    return _HEAD + "".join([*sections, *(f"\n{_ABOUT[key]}{_section(key, part)}" for key, part in parts.items())])


def _in(answers: Answers, title: tuple[str, str, str, str]) -> dict[str, str]:
    return names(title, answers.languages)


def _queues(answers: Answers) -> dict[str, Any]:
    return {
        FIRST: {
            "names": _in(answers, LINES[FIRST]),
            "team": FIRST,
            "target": {"chat": "60s", "email": "8h", "phone": "30s"},
            "reservation": "45s",
            "wrap_up": {"chat": "60s", "email": "60s", "phone": "90s"},
            "escalates_to": SPECIALISTS,
        },
        SPECIALISTS: {
            "names": _in(answers, LINES[SPECIALISTS]),
            "line": 2,
            "team": SPECIALISTS,
            "target": {"chat": "2m", "email": "2d", "phone": "60s"},
            "reservation": "45s",
            "wrap_up": {"chat": "2m", "email": "2m", "phone": "3m"},
        },
    }


def _agent(answers: Answers, agent: Agent) -> dict[str, Any]:
    spoken = agent.languages or answers.languages
    return {
        "name": agent.name or agent.login,
        "teams": [TEAMS[agent.line]],
        "skills": dict.fromkeys(spoken, _SPEAKS),
        "language": spoken[0],
    }


def _entry_points(answers: Answers) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if answers.mailbox is not None:
        found["mailbox"] = {"channel": "email", "address": answers.mailbox.address}
    if answers.chat is not None:
        found["chat"] = {"channel": "chat", "address": answers.chat.site, "origins": list(answers.chat.origins)}
    own = {"language": answers.languages[0]} if len(answers.languages) == 1 else {}
    return {key: {**door, "queue": FIRST, **own, "overrides": ["language", "category"]} for key, door in found.items()}


def _section(key: str, value: Any) -> str:
    flow = None if isinstance(value, dict | list) else False  # None: the innermost tables and lists on one line
    return yaml.safe_dump({key: value}, allow_unicode=True, sort_keys=False, default_flow_style=flow, width=_WIDTH)
