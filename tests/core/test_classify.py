"""Rules of classification: what each condition looks at, and what several rules say together."""

from typing import Any

import pytest

from queues.rule import Rule, When
from router.core.classify import Contact, Verdict, alike, among, classify, spaced

MAIL = Contact(
    channel="email",
    entry_point="mailbox",
    to=("help@centre.example", "help+vip@centre.example"),
    sender="ada@bank.example",
    tags=("vip",),
    language="nl",
    text="Réclamation\nMijn factuur 4711 klopt niet.",
    form={"topic": "Déménagement", "amount": 12, "urgent": True, "lines": ["a", "b"], "empty": ""},
    open=frozenset({"office"}),
)

HOLDS: list[dict[str, Any]] = [
    {},
    {"channels": ("phone", "email")},
    {"entry_points": ("other", "mailbox")},
    {"to": ("help+*@centre.example",)},
    {"senders": ("*@bank.example",)},
    {"senders": ("ADA@BANK.example",)},
    {"tags": ("gold", "vip")},
    {"languages": ("fr", "nl")},
    {"keywords": ("RECLAMATION",)},
    {"keywords": ("factuur 4711",)},
    {"keywords": ("klop*",)},
    {"form": {"topic": ("demenagement",)}},
    {"form": {"amount": ("12",), "urgent": ("true",)}},
    {"form": {"lines": ("b",)}},
    {"form": {"topic": ()}},
    {"hours": "office"},
    {"outside": "night"},
]
FAILS: list[dict[str, Any]] = [
    {"channels": ("phone",)},
    {"entry_points": ("other",)},
    {"to": ("info@*",)},
    {"senders": ("*@bank.example.org",)},
    {"tags": ("gold",)},
    {"languages": ("fr",)},
    {"keywords": ("factu",)},
    {"keywords": ("4711 factuur",)},
    {"keywords": ("",)},
    {"form": {"topic": ("demenage",)}},
    {"form": {"nothing": ()}},
    {"form": {"empty": ()}},
    {"hours": "night"},
    {"outside": "office"},
    {"channels": ("email",), "languages": ("fr",)},
]


@pytest.mark.parametrize("when", HOLDS, ids=str)
def test_what_holds(when: dict[str, Any]) -> None:
    assert classify([Rule(id="r", when=When(**when))], MAIL).rules == ("r",)


@pytest.mark.parametrize("when", FAILS, ids=str)
def test_what_does_not_hold(when: dict[str, Any]) -> None:
    assert classify([Rule(id="r", when=When(**when))], MAIL) == Verdict()


def test_the_first_rule_that_holds_ends_the_asking() -> None:
    rules = [
        Rule(id="late", place=30, queue="q3"),
        Rule(id="no", place=10, queue="q1", when=When(channels=("chat",))),
        Rule(id="first", place=20, queue="q2"),
        Rule(id="away", place=5, queue="q0", disabled=True),
    ]
    said = classify(rules, MAIL)
    assert (said.rules, said.queue) == (("first",), "q2")


def test_rules_of_one_place_are_asked_by_id() -> None:
    assert classify([Rule(id="b", queue="b"), Rule(id="a", queue="a")], MAIL).queue == "a"


def test_a_rule_that_goes_on_leaves_the_rest_to_those_after_it() -> None:
    rules = [
        Rule(id="a", place=1, language="nl", requirement=(("nl", 3),), go_on=True),
        Rule(id="b", place=2, language="fr", requirement=(("nl", 2), ("tax", 2)), priority=0, go_on=True),
        Rule(id="c", place=3, category="question", queue="tax", priority=9, wishes=(("law", 1),)),
        Rule(id="d", place=4, queue="never"),
    ]
    assert classify(rules, MAIL) == Verdict(
        rules=("a", "b", "c"),
        category="question",
        queue="tax",
        requirement=(("nl", 3), ("tax", 2)),
        wishes=(("law", 1),),
        priority=0,
        language="nl",
    )


@pytest.mark.parametrize(
    ("pattern", "text", "is_so"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "abc", True),
        ("a*bc", "abbc", True),
        ("ab*b", "ab", False),
        ("*@x.example", "A@X.EXAMPLE", True),
        ("+322*", "+32270000", True),
        ("a*", "ba", False),
        ("*a*a*", "a", False),
    ],
)
def test_patterns_of_addresses(pattern: str, text: str, is_so: bool) -> None:
    assert alike(pattern, text) is is_so


@pytest.mark.parametrize(
    ("keyword", "text", "is_so"),
    [
        ("tax", "Le taxi est là", False),
        ("tax*", "Le taxi est là", True),
        ("coeur", "Le cœur", True),
        ("strasse", "Die Straße", True),
        ("appartement", "l'appartement", True),
        ("stop smoking", "Stop, smoking!", True),
        ("numéro d'appel", "NUMERO D’APPEL", True),
        ("ijs", "Ĳs", True),
        ("*", "anything", False),
        ("naïve", "nai\u0308ve", True),
    ],
)
def test_words_are_found_whole_and_without_accents(keyword: str, text: str, is_so: bool) -> None:
    assert among(keyword, spaced(text)) is is_so
