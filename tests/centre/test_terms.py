"""Requirements in words: `any` and `not` are the terms that they stand for, and who misspells them is told how."""

import pytest

from queues.queue import Queue
from router.centre.export import export
from router.centre.parse import CentreFileError, parse
from tests.centre.conftest import centre


def text(asked: str, plan: str = "[]") -> str:
    skills = "skills: {french: {}, dutch: {}, tax: {}, trainee: {}, any: {}, 'not': {}}"
    return f"{skills}\nqueues:\n  help:\n    skills: {asked}\n    plan: {plan}\n"


def queue(asked: str, plan: str = "[]") -> Queue:
    """The one queue of a file in which it asks this. It is the same after an export."""
    (found,) = [record for record in parse(text(asked, plan)).records if isinstance(record, Queue)]
    again = parse(export(centre(parse(text(asked, plan)).records))).records
    assert [record for record in again if isinstance(record, Queue)] == [found]
    return found


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("{any: [french, dutch]}", "{french|dutch: 1}"),
        ("{any: [tax]}", "{tax: 1}"),
        ("{tax: 2, any: {of: [french, dutch], level: 3}}", "{tax: 2, french|dutch: 3}"),
        ("{any: {of: [french, dutch]}}", "{french|dutch: 1}"),
        ("{any: [[french, dutch], {of: [tax, trainee], level: 2}]}", "{french|dutch: 1, tax|trainee: 2}"),
        ("{not: trainee}", "{'!trainee': 1}"),
        ("{not: [trainee, tax]}", "{'!trainee': 1, '!tax': 1}"),
        ("{not: {trainee: 3, tax: 2}}", "{'!trainee': 3, '!tax': 2}"),
        ("{any: 3, not: 2}", "{'any': 3, 'not': 2}"),
    ],
)
def test_words_and_terms_ask_the_same(long: str, short: str) -> None:
    assert queue(long).requirement == queue(short).requirement != ()


def test_steps_of_a_plan_take_words_too() -> None:
    (step,) = queue(
        "{}", "[{after: 5s, drop: [{not: trainee}, tax, {any: [french, dutch]}], lower: {any: [french, dutch]}}]"
    ).plan
    assert step.drop == ("!trainee", "tax", "french|dutch")
    assert step.lower == {"french|dutch": 1}


ANY = "write any: [french, dutch], or any: {of: [french, dutch], level: 3}"
NOT = "write not: trainee, not: [trainee, intern], or not: {trainee: 3} (not at that level or more)"


@pytest.mark.parametrize(
    ("asked", "path", "message", "hint"),
    [
        ("{any: french}", "any", "alternatives are a list of skills", ANY),
        ("{any: []}", "any", "alternatives are a list of skills", ANY),
        ("{any: }", "any", "alternatives are a list of skills", ANY),
        ("{any: [french, [dutch]]}", "any", "alternatives are a list of skills", ANY),
        ("{any: [french, '!dutch']}", "any", "'any' takes skills", ANY),
        ("{any: [french, !x dutch]}", "any", "'any' takes skills", ANY),
        ("{any: {french: 3, dutch: 2}}", "any", "alternatives share one level", ANY),
        ("{any: {of: [french], level: 9}}", "any", "9 is outside what is allowed: 1 to 5", ""),
        ("{any: [french, duch]}", "any", "there is no skill 'duch'", "did you mean 'dutch'?"),
        (f"{{any: [{', '.join(['tax'] * 51)}]}}", "any", "'any' names more than 50 skills", "let them be one skill"),
        ("{not: []}", "not", "'not' names no skill", NOT),
        ("{not: '!trainee'}", "not", "'not' takes skills", NOT),
        ("{not: [[trainee]]}", "not", "'not' takes skills", NOT),
        ("{not: {trainee: [1]}}", "not", "expected a whole number, found a list", ""),
        ("{french|dutch: 2, any: [french, dutch]}", "any", "'french|dutch' stands here twice", "leave one of them out"),
    ],
)
def test_what_is_malformed_is_told_with_how_to_write_it(asked: str, path: str, message: str, hint: str) -> None:
    with pytest.raises(CentreFileError) as raised:
        parse(text(asked))
    (problem,) = raised.value.problems
    assert (problem.line, problem.path) == (4, f"queues.help.skills.{path}")
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(
    "term", ["{french: 3}", "{not: {trainee: 3}}", "{not: [tax, trainee]}", "{any: [tax], not: tax}"]
)
def test_a_step_drops_one_term_at_a_time_without_a_level(term: str) -> None:
    with pytest.raises(CentreFileError) as raised:
        parse(text("{}", f"[{{after: 5s, drop: [{term}]}}]"))
    (problem,) = raised.value.problems
    assert (problem.path, problem.hint) == (
        "queues.help.plan[0].drop[0]",
        "write {any: [french, dutch]} or {not: trainee}",
    )


def test_an_exclusion_without_quotes_is_told_of_both_ways() -> None:
    with pytest.raises(CentreFileError, match=r"in quotes, or write not: trainee"):
        parse(text("{!trainee: 1}"))
