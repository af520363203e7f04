"""Asking: what agents ask their leaders, and the answers; open questions, for those who may answer them."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.acting import ActionBody, ItemAction, Made, Name, Text, optional_text
from router.api.commanding import Call
from router.api.deps import DEPS
from router.api.rights import Principal, may
from router.api.routes import Routes, principal_of
from router.api.texts import texts_of
from router.core import commands as c
from router.core import limits as core
from router.core.concern import item_teams
from router.core.decide_asking import LOGIN
from router.core.item import WorkItem
from router.core.question import Answer, Question
from router.core.state import State
from router.core.views import question_view

routes = Routes()


class Ask(ActionBody, frozen=True):
    """Ask the leader for permission: what (a code of kind permission), why, and how much, in hundredths."""

    code: Name
    reason: Text
    amount: Annotated[int, msgspec.Meta(ge=0, le=core.AMOUNT_MAX)] = 0


class Help(ActionBody, frozen=True):
    """Call the leader for help."""

    note: str = ""


class AnswerBody(ActionBody, frozen=True):
    """Answer a question: approve or refuse (a permission), advise, join (help), take over the item."""

    question: Name
    answer: Answer
    note: str = ""


class OpenQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question that waits for an answer, with its text, and as much of its item as tells what it is about.

    `mine`: it was told to the agent that you are.
    """

    item: str
    reference: str
    channel: str
    queue: str
    state: str
    customer: str
    question: dict[str, Any]
    text: str
    mine: bool


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """Open questions, the longest waiting first."""

    rows: list[OpenQuestion]


async def _ask(call: Call, item: str, body: Ask) -> Made:
    note, contents = await optional_text(call, body.reason, "/reason")
    command = c.AskPermission(
        item=item,
        agent=body.agent,
        question=call.deps.ids.new("qst"),
        code=body.code,
        note=note,
        amount=body.amount,
    )
    return Made(command, contents)


async def _help(call: Call, item: str, body: Help) -> Made:
    note, contents = await optional_text(call, body.note)
    command = c.CallForHelp(item=item, agent=body.agent, question=call.deps.ids.new("qst"), note=note)
    return Made(command, contents)


async def _answer(call: Call, item: str, body: AnswerBody) -> Made:
    note, contents = await optional_text(call, body.note)
    by = body.agent or f"{LOGIN}{call.principal.login}"
    command = c.AnswerQuestion(item=item, question=body.question, by=by, answer=body.answer, note=note)
    return Made(command, contents)


ASKING_ACTIONS = {
    "ask": ItemAction(Ask, _ask),
    "help": ItemAction(Help, _help),
    "answer": ItemAction(AnswerBody, _answer, "question.answer"),
}


def told_of(item: WorkItem) -> tuple[str, ...]:
    """The agents who were told of an open question of the item: they may answer it."""
    return tuple(agent for question in item.questions if question.open for agent in question.to)


@routes.route("GET", "/api/v1/questions", action="question.answer", answer=Questions)
async def list_questions(request: web.Request) -> Questions:
    """Questions that you may answer: those told to you, and those of the teams that you lead."""
    state, principal = request.app[DEPS].gateway.state, principal_of(request)
    found = [pair for pair in _open(state) if _may_answer(state, principal, *pair)]
    found = sorted(found, key=lambda pair: (pair[1].at, pair[1].id))[: limits.PAGE_MAX]
    texts = await texts_of(request, [question.note for _, question in found if question.note])
    return Questions(rows=[_row(state, principal, item, question, texts) for item, question in found])


def _open(state: State) -> Iterator[tuple[WorkItem, Question]]:
    """Only what somebody has can be asked about: so the items that are agents' are looked at, not all."""
    for agent in state.agents:
        for id in state.theirs(agent):
            item = state.items[id]
            yield from ((item, question) for question in item.questions if question.open)


def _may_answer(state: State, principal: Principal, item: WorkItem, question: Question) -> bool:
    return may(principal, "question.answer", item_teams(state, item.queue, item.agent), question.to)


def _row(state: State, principal: Principal, item: WorkItem, question: Question, texts: dict[str, str]) -> OpenQuestion:
    return OpenQuestion(
        item=item.id,
        reference=state.conversations[item.conversation].reference,
        channel=item.channel,
        queue=item.queue,
        state=item.state,
        customer=item.customer,
        question=question_view(question),
        text=texts.get(question.note, ""),
        mine=principal.agent in question.to,
    )
