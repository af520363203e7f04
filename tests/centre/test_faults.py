"""What a file cannot mean is found, at its line, with a code and what to do; what may be meant is not."""

from typing import NamedTuple

import pytest

from router.centre import sample
from router.centre.faults import CODES, WARNINGS, faults
from router.centre.parse import CentreFileError, parse

GOOD = """\
skills:
  fr: {kind: language}
  nl: {kind: language}
  tax: {}
  law: {}
hours:
  day: {zone: Europe/Brussels, weekly: {monday: ["09:00-17:00"]}}
queues:
  help:
    skills: {tax: 2}
    target: {phone: 30s}
    plan:
      - {after: 0s, members: 1}
      - {after: 10s, members: 2}
      - {after: 20s, lower: {tax: 1}}
      - {after: 60s, alert: late}
    prefer: 15s
    reserve: {mail: 1}
  mail: {}
teams:
  first: {serves: {help: 1, mail: 1}}
  second: {serves: {help: 2}}
agents:
  ann: {teams: [first], skills: {fr: 3, tax: 2}}
  bob: {teams: [second], skills: {nl: 4, tax: 1}}
entry_points:
  line: {channel: phone, address: 02 000 01 01, queue: help, skills: {fr: 2}}
  box: {channel: email, address: a@b.example, queue: mail}
rules:
  vip: {when: {tags: [vip], senders: ["*@bank.example"]}, priority: 5, go_on: true}
  bank: {when: {senders: ["*@bank.example"]}, queue: mail}
  words: {when: {channels: [email], keywords: [tax, "fact*"]}, queue: mail}
  night: {when: {outside: day}, queue: mail, skills: {fr: 1}}
default_region: BE
"""


class Wrong(NamedTuple):
    """One change that makes one fault, and where it is."""

    old: str
    new: str
    code: str
    path: str


WRONG = [
    Wrong(
        "  words:", "  bank2: {when: {senders: ['x@bank.example']}, queue: help}\n  words:", "rule_never", "rules.bank2"
    ),
    Wrong("  night:", "  tax: {when: {channels: [email], keywords: [tax forms]}}\n  night:", "rule_never", "rules.tax"),
    Wrong(
        "  night:", "  bill: {when: {channels: [email], keywords: ['facture*']}}\n  night:", "rule_never", "rules.bill"
    ),
    Wrong("{outside: day}", "{outside: day, hours: day}", "rule_never", "rules.night"),
    Wrong("{channels: [email], key", "{channels: [phone], key", "rule_never", "rules.words"),
    Wrong("{channels: [email], key", "{channels: [chat], entry_points: [box], key", "rule_never", "rules.words"),
    Wrong('keywords: [tax, "fact*"]', "keywords: ['!']", "rule_never", "rules.words"),
    Wrong("{tax: 2}\n", "{tax: 2, law: 1}\n", "requirement_never", "queues.help.skills"),
    Wrong("{tax: 2}\n", "{tax: 2, 'fr|nl': 5}\n", "requirement_never", "queues.help.skills"),
    Wrong("skills: {fr: 2}}", "skills: {nl: 5}}", "requirement_never", "entry_points.line.skills"),
    Wrong("skills: {fr: 1}}", "skills: {law: 1}}", "requirement_never", "rules.night.skills"),
    Wrong(
        "default_",
        "categories: {q: {queue: mail, skills: {law: 1}}}\ndefault_",
        "requirement_never",
        "categories.q.skills",
    ),
    Wrong("  mail: {}\n", "  mail: {}\n  nobody: {}\n", "nobody_serves", "queues.nobody"),
    Wrong("  mail: {}\n", "  mail: {wishes: {law: 1}}\n", "wish_never", "queues.mail.wishes"),
    Wrong("members: 2}", "members: 1}", "step_useless", "queues.help.plan[1]"),
    Wrong("lower: {tax: 1}", "lower: {law: 1}", "step_useless", "queues.help.plan[2]"),
    Wrong("lower: {tax: 1}", "lower: {tax: 2}", "step_useless", "queues.help.plan[2]"),
    Wrong("lower: {tax: 1}", "members: 1", "step_narrows", "queues.help.plan[2]"),
    Wrong("lower: {tax: 1}", "drop: [law]", "step_useless", "queues.help.plan[2]"),
    Wrong("lower: {tax: 1}", "teams: [first]", "step_useless", "queues.help.plan[2]"),
    Wrong("{after: 20s", "{after: 30s", "step_late", "queues.help.plan[2].after"),
    Wrong("prefer: 15s", "prefer: 30s", "prefer_late", "queues.help.prefer"),
    Wrong("  mail: {}\n", "  mail: {comparator: {kind: slope}}\n", "comparators_differ", "queues.mail.comparator"),
    Wrong(
        "first: {serves",
        "first: {comparator: {kind: head_start}, serves",
        "head_start_nothing",
        "teams.first.comparator",
    ),
    Wrong("first: {serves", "first: {comparator: {kind: head_start, per_point: 90s}, serves", "", ""),
    Wrong(
        "ann: {teams",
        "ann: {total: 50, rooms: {chat: {maximum: 2, weight: 60}, phone: {maximum: 0, weight: 60}}, teams",
        "room_never",
        "agents.ann.rooms.chat.weight",
    ),
    Wrong("ann: {teams", "ann: {total: 50, teams", "room_never", "agents.ann.total"),
    Wrong("reserve: {mail: 1}", "reserve: {mail: 2}", "reserve_all", "queues.help.reserve.mail"),
    Wrong("reserve: {mail: 1}", "reserve: {'*': 2}", "reserve_all", "queues.help.reserve.*"),
    Wrong(
        "  mail: {}\n",
        "  mail: {plan: [{after: 1h, overflow: mail}]}\n",
        "overflow_loop",
        "queues.mail.plan[0].overflow",
    ),
    Wrong(
        "    reserve: {mail: 1}\n  mail: {}\n",
        "    reserve: {mail: 1}\n    escalates_to: mail\n  mail: {escalates_to: help}\n",
        "escalation_loop",
        "queues.help.escalates_to",
    ),
    Wrong(
        "alert: late}\n",
        "overflow: mail}\n    when_full: {overflow: mail}\n",
        "",
        "",
    ),
]


def found(text: str) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in faults(parse(text))]


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{one.code} {one.new.strip()[:40]}" for one in WRONG])
def test_each_fault_is_found_once_at_its_place(wrong: Wrong) -> None:
    assert wrong.old in GOOD
    text = GOOD.replace(wrong.old, wrong.new, 1)
    assert found(text) == ([(wrong.code, wrong.path)] if wrong.code else [])
    for one in faults(parse(text)):
        line = text.splitlines()[one.line - 1]
        assert wrong.path.rpartition(".")[2].split("[")[0] in line or "[" in wrong.path, line
        assert one.message and one.hint
        assert one.warning is (one.code in WARNINGS)


def test_every_code_is_tried() -> None:
    assert {wrong.code for wrong in WRONG} - {""} == set(CODES)


def test_a_good_centre_and_the_sample_have_no_fault() -> None:
    assert found(GOOD) == []
    assert found(sample.text()) == []


def test_queues_that_flow_over_into_one_another_are_told_once() -> None:
    text = GOOD.replace("alert: late", "overflow: mail").replace(
        "  mail: {}\n", "  mail: {when_full: {overflow: help}}\n"
    )
    assert found(text) == [("overflow_loop", "queues.help.plan[3].overflow")]


def test_a_head_start_of_nothing_is_found_in_queues_too() -> None:
    text = GOOD.replace("  mail: {}\n", "  mail: {comparator: {kind: head_start}}\n")
    assert ("head_start_nothing", "queues.mail.comparator") in found(text)


def test_a_team_with_its_own_comparator_decides_between_queues_that_differ() -> None:
    text = GOOD.replace("  mail: {}\n", "  mail: {comparator: {kind: slope}}\n")
    own = text.replace("first: {serves", "first: {comparator: {kind: strict}, serves")
    assert found(own) == []


def test_agents_who_may_be_switched_on_or_lent_count() -> None:
    """A membership that is switched off can be switched on; a step may bring another team."""
    text = GOOD.replace("  mail: {}\n", "  mail: {}\n  extra: {}\n")
    assert found(text.replace("{help: 2}", "{help: 2, extra: {enabled: false}}")) == []
    team = text.replace("  extra: {}\n", "  extra: {plan: [{after: 5s, teams: [second]}]}\n")
    assert found(team) == []
    assert found(text.replace("{help: 2}", "{help: 2, extra: 1}").replace("bob: {", "bob: {disabled: true, "))[-1] != []


def test_an_unknown_skill_has_a_code_too() -> None:
    with pytest.raises(CentreFileError) as raised:
        parse(GOOD.replace("lower: {tax: 1}", "lower: {taxes: 1}"))
    (problem,) = raised.value.problems
    assert (problem.code, problem.line, problem.hint) == ("unknown_skill", 15, "did you mean 'tax'?")
