"""The live centre as `config` sees it: behind a server's API, or on the data folder here. The same three questions."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from router.centre.diff import Difference, Plan, Take, compare, known
from router.centre.export import export
from router.centre.parse import CentreFileError, parse
from router.centre.reader import Problem
from router.cli import limits
from router.cli.client import Answer, Server, connected
from router.cli.outcome import CommandError, Exit
from router.cli.running import Place, here
from router.core.rejections import CODES
from router.gateway import Gateway

_YAML = "application/yaml"
_REVISION = re.compile(r"^revision: (\d+)$", re.MULTILINE)


class Applied(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What applying changes, or changed (`applied`). `revision` is that of the centre afterwards."""

    applied: bool = False
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    position: int = 0
    revision: int = 0


class Centre(Protocol):
    """A live centre. Each method raises CommandError; the first two also CentreFileError."""

    async def compare(self, text: bytes, take: Take | None) -> Applied: ...

    async def apply(self, text: bytes, take: Take | None) -> Applied: ...

    async def text(self) -> str: ...


@asynccontextmanager
async def centre_at(place: Place) -> AsyncIterator[Centre]:
    """The centre of the server at `place`; with none named and none running, that of the data folder here."""
    async with here(place) as node:
        if node is not None:
            yield LocalCentre(node.gateway)
            return
        async with connected(place.url, place.login) as server:
            yield _Remote(server)


class _Remote:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def compare(self, text: bytes, take: Take | None) -> Applied:
        return _applied(await self._post(text, take, dry_run=True))

    async def apply(self, text: bytes, take: Take | None) -> Applied:
        answer = await self._post(text, take, dry_run=False)
        ended = await self._server.outcome(answer)
        applied = msgspec.structs.replace(_applied(answer), applied=True, position=ended.get("position", 0))
        found = _REVISION.search(await self._text(applied.position))
        return msgspec.structs.replace(applied, revision=int(found[1]) if found else 0)

    async def text(self) -> str:
        return await self._text(0)

    async def _text(self, position: int) -> str:
        answer = await self._server.request("GET", "/api/v1/centre", position=position)
        return str(answer.body)

    async def _post(self, text: bytes, take: Take | None, *, dry_run: bool) -> Answer:
        query = {"dry_run": str(dry_run).lower(), **({"take": take} if take else {})}
        try:
            return await self._server.request(
                "POST", "/api/v1/centre/apply", data=text, content_type=_YAML, query=query
            )
        except CommandError as error:
            problem = error.details.get("problem", {})
            if problem.get("code") == "centre_invalid":
                raise CentreFileError([_problem(part["detail"]) for part in problem.get("errors", ())]) from error
            raise


class LocalCentre:
    """The centre of a node here."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def compare(self, text: bytes, take: Take | None) -> Applied:
        return _said(self._plan(text, take))

    async def apply(self, text: bytes, take: Take | None) -> Applied:
        plan = self._plan(text, take)
        assert plan.command is not None, "applied without a look at the difference"
        receipt = await self._gateway.submit(plan.command, by="cli")
        outcome = await self._gateway.outcome(receipt, limits.RECEIPT_S_MAX)
        if outcome is None:
            raise CommandError(Exit.UNREACHABLE, "The change is kept but was not decided in time: look at the export.")
        if outcome.rejection:
            said = f"Refused [{outcome.rejection}]: {CODES[outcome.rejection]} ({outcome.subject})"
            raise CommandError(Exit.REFUSED, said, problem={"code": outcome.rejection, "subject": outcome.subject})
        await self._gateway.reached(outcome.position)
        revision = self._gateway.state.meta.revision
        return msgspec.structs.replace(_said(plan), applied=True, position=outcome.position, revision=revision)

    async def text(self) -> str:
        return export(self._gateway.state)

    def _plan(self, text: bytes, take: Take | None) -> Plan:
        state = self._gateway.state
        return compare(state, parse(text, known(state)), take)


def _said(plan: Plan) -> Applied:
    return Applied(differences=plan.differences, conflicts=plan.conflicts, kept=plan.kept)


def _applied(answer: Answer) -> Applied:
    return msgspec.convert(answer.body, Applied)


def _problem(text: str) -> Problem:
    """A problem from the sentence in which the server told it."""
    found = re.match(r"line (\d+), column (\d+): (.*)", text, re.DOTALL)
    line, column, message = found.groups() if found else ("1", "1", text)
    return Problem(line=int(line), column=int(column), path="", message=message)
