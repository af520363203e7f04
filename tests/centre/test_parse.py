"""What is wrong with a file is said with line, column, key and what may have been meant; all of it at once."""

from typing import NamedTuple

import pytest

from router.centre import limits
from router.centre.parse import CentreFileError, parse
from router.core.agent import Agent
from router.core.commands import CentreRecord
from tests.centre.conftest import SMALL


def problems(text: str | bytes, known: dict[str, set[str]] | None = None) -> list[tuple[int, str, str, str]]:
    """(line, path, message, hint) of everything that is wrong."""
    with pytest.raises(CentreFileError) as raised:
        parse(text, known)
    return [(one.line, one.path, one.message, one.hint) for one in raised.value.problems]


def found(text: str, kind: type[CentreRecord]) -> list[CentreRecord]:
    return [record for record in parse(text).records if isinstance(record, kind)]


class Mistake(NamedTuple):
    """One change that breaks the small centre, and the one problem that it makes."""

    old: str
    new: str
    line: int
    path: str
    message: str
    hint: str = ""


MONDAY = "hours.office.weekly.monday"
MISTAKES = [
    Mistake("languages:", "langages:", 2, "langages", "there is no key", "languages"),
    Mistake("Europe/Brussels", "Europe/Brussel", 8, "hours.office.zone", "is not a time zone", "Europe/Brussels"),
    Mistake("holidays: BE", "holidays: BX", 9, "hours.office.holidays", "is not a country"),
    Mistake("13:00-17:00", "13:00-12:00", 11, f"{MONDAY}[1]", "ends before it begins"),
    Mistake("13:00-17:00", "13-17", 11, f"{MONDAY}[1]", "is not a span"),
    Mistake("13:00-17:00", "25:00-26:00", 11, f"{MONDAY}[1]", "is not a time of day"),
    Mistake("13:00-17:00", "12:00-13:00", 11, MONDAY, "overlap"),
    Mistake("2026-12-25", "2026-02-30", 14, "hours.office.exceptions.2026-02-30", "is not a date"),
    Mistake("{fr: 2}", "{frr: 2}", 18, "queues.help.skills.frr", "there is no skill 'frr'", "fr"),
    Mistake("20s", "20 sec", 19, "queues.help.target.phone", "is not a duration"),
    Mistake("20s", "9999d", 19, "queues.help.target.phone", "longer than a year"),
    Mistake("phone: 20s", "fone: 20s", 19, "queues.help.target.fone", "is not one of", "phone"),
    Mistake("hours: office", "hours: offices", 20, "queues.help.hours", "there is no hours 'offices'", "office"),
    Mistake("to: experts\n", "to: expert\n", 21, "queues.help.escalates_to", "there is no queue", "experts"),
    Mistake("to: experts\n", "to: help\n", 21, "queues.help.escalates_to", "escalate to itself"),
    Mistake("line: 2", "line: two", 22, "queues.experts.line", "expected a whole number"),
    Mistake("[first]", "[fist]", 28, "agents.a1.teams[0]", "there is no team 'fist'", "first"),
    Mistake("{fr: 4}", "{fr: 9}", 29, "agents.a1.skills.fr", "9 is outside what is allowed: 1 to 5"),
    Mistake("enabled: false", "enabled: no", 30, "agents.a1.serves.experts.enabled", "expected true or false"),
    Mistake("{fr: Fait, nl: Gedaan}", "{fr: Fait}", 35, "codes.disposition.done", "no name in nl"),
    Mistake("[language]", "[langage]", 37, "entry_points.line.overrides[0]", "is not one of", "language"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[one.new for one in MISTAKES])
def test_one_mistake_is_one_problem_at_its_line(mistake: Mistake) -> None:
    assert mistake.old in SMALL
    ((line, path, message, hint),) = problems(SMALL.replace(mistake.old, mistake.new, 1))
    assert (line, path) == (mistake.line, mistake.path)
    assert mistake.message in message
    assert mistake.hint in hint


def test_a_misspelt_section_does_not_make_everything_that_refers_to_it_wrong() -> None:
    ((_, path, _, hint),) = problems(SMALL.replace("\nqueues:", "\nqueus:"))
    assert (path, hint) == ("queus", "did you mean 'queues'?")


def test_everything_wrong_is_said_at_once_in_order_of_lines() -> None:
    text = SMALL.replace("20s", "soon").replace("kind: language", "kind: langage").replace("queue: help", "queue: hulp")
    assert [one[0] for one in problems(text)] == [5, 19, 37]


def _room(channel: str, by: str) -> str:
    return f"agents:\n  a: {{rooms: {{{channel}: {{maximum: 1, weight: 1, interruptible_by: [{by}]}}}}}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("skills: [\n", 2, "this is not YAML"),
        ("skills:\n\tfr: {}\n", 2, "this is not YAML"),
        ("name: a: b\n", 1, "this is not YAML"),
        ("name: a\n---\nname: b\n", 2, "another document"),
        ("[1, 2]", 1, "expected a table"),
        ("name: !!python/object/apply:os.system [ls]", 1, "the tag"),
        ("skills: !!python/dict {}", 1, "the tag"),
        ("name:\n", 1, "a value is missing here"),
        ("name: [a]", 1, "expected a text, found a list"),
        ("skills:\n  fr: {}\n  fr: {}\n", 3, "stands here twice"),
        ("skills:\n  'a b': {}\n", 2, "is not an id"),
        ("hours:\n  h: {}\n", 2, "the key 'zone' is missing"),
        ("hours:\n  h:\n", 2, "a value is missing here"),
        ("queues:\n  q:\n    plan:\n      -\n", 4, "a value is missing here"),
        ("revision: 012", 1, "expected a whole number"),
        ("name: \x01", 1, "cannot stand in a file of text"),
        ("categories:\n  a: {parent: b}\n  b: {parent: a}\n", 2, "its own ancestor"),
        ("remove: [agnt/a]", 1, "is not a record"),
        ("agents: {a: {}}\nremove: [agent/a]", 2, "cannot both describe and remove it"),
        ("remove: [agent/a, agent/a]", 1, "is named twice"),
        ("queues:\n  q: {reservation: 0s}\n", 2, "some time to accept"),
        ("queues:\n  q:\n    reservations: {phone: 0s}\n", 3, "some time to accept"),
        (
            "agents:\n  a:\n    rooms:\n      phone: {maximum: 1, weight: 1, interruptible_by: [chat]}\n",
            4,
            "wait in a call",
        ),
        (
            "agents:\n  a:\n    rooms: {email: {maximum: 1, weight: 1, interruptible_by: [email]}}\n",
            3,
            "interrupted by",
        ),
        ("queues: {q: {}}\nentry_points:\n  m: {channel: email, address: x, queue: q}\n", 3, "is not a mailbox"),
        ("endpoints:\n  e: {url: 'ftp://x'}\n", 2, "begins with https://"),
    ],
)
def test_files_that_are_wrong_in_other_ways(text: str, line: int, message: str) -> None:
    assert any(one[0] == line and message in one[2] for one in problems(text)), problems(text)


def test_two_entry_points_with_one_number_are_refused_however_it_is_written() -> None:
    text = SMALL + "  other: {channel: phone, address: +3220000101, queue: help}\n"
    assert problems(text) == [(38, "entry_points.other.address", "the entry point 'line' has this address already", "")]


def test_what_is_no_utf_8_is_refused_at_its_place() -> None:
    assert problems(b"name: a\nname: \xff\n")[0][:3] == (2, "", "this is not UTF-8")


def test_a_file_beyond_its_size_is_refused_unread() -> None:
    assert "larger than" in problems(b"#" * (limits.FILE_BYTES_MAX + 1))[0][2]


def test_deep_nesting_is_refused_before_it_is_composed() -> None:
    assert problems("name: " + "[" * 100_000)[0][2] == "this is nested too deeply for a centre file"


def test_a_file_that_unfolds_itself_through_aliases_is_bounded() -> None:
    origins = ", ".join(["x"] * 1_000)
    points = "".join(f"  p{number}: *p\n" for number in range(limits.NODES_MAX // 1_000 + 1))
    first = f"  p: &p {{channel: chat, address: x, queue: q, origins: [{origins}]}}\n"
    text = f"queues: {{q: {{}}}}\nentry_points:\n{first}{points}"
    assert "unfolds into more than" in problems(text)[0][2]


def test_yaml_guesses_do_not_apply_to_texts() -> None:
    """`no` is a language and 2101 an extension: neither a truth value nor a number."""
    text = "skills: {no: {names: {no: yes}}}\nagents: {a1: {name: on, phone: 0123, skills: {no: 3}}}\n"
    (agent,) = found(text, Agent)
    assert isinstance(agent, Agent)
    assert (agent.name, agent.phone, agent.skills) == ("on", "0123", (("no", 3),))


def test_a_partial_file_may_name_what_is_live() -> None:
    text = "agents: {a9: {teams: [first]}}"
    assert problems(text)[0][2] == "there is no team 'first'"
    assert [record.id for record in parse(text, {"team": {"first"}}).records] == ["a9"]


def test_an_empty_file_says_nothing() -> None:
    assert parse("").records == ()
    assert parse("# only words\nendpoints:\n").records == ()


def test_numbers_are_kept_in_their_one_international_form() -> None:
    points = [record for record in parse(SMALL).records if record.id == "line"]
    assert [getattr(point, "address", "") for point in points] == ["+3220000101"]
