"""Commands from outside: the idempotency key, the submit, the wait for the outcome and the answer made of it.

One path for REST and sockets. An accepted command is durable before anybody hears of it; a refused one is a
Problem. Under a key that the caller gave, requests are told apart by what was sent, not by the command made of
it, which holds new ids each time.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS, Deps
from router.api.problems import Problem, rejected
from router.api.rights import Principal
from router.api.routes import BODY, CORRELATION, principal_of, respond
from router.core.commands import Command
from router.gateway import Outcome, Receipt

POSITION_HEADER = "Firstline-Position"


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An accepted command: its event position, and what it was about."""

    position: int
    item: str = ""
    conversation: str = ""


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A durable command whose outcome was not known in time: ask at /api/v1/receipts/{receipt}."""

    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to change something, whichever way it came, under its key and fingerprint ('' for a new key)."""

    deps: Deps
    principal: Principal
    key: str
    fingerprint: str
    correlation: str


def call_of(request: web.Request) -> Call:
    """The call that a REST request is. Raises Problem for an impossible key."""
    given = request.headers.get("Idempotency-Key", "")
    call = make_call(request.app[DEPS], principal_of(request), request[CORRELATION])
    scope = f"{request.method} {request.path}"
    return keyed(call, given, scope, request.get(BODY, b"")) if given else call


def make_call(deps: Deps, principal: Principal, correlation: str) -> Call:
    """A call under a key of its own."""
    return Call(
        deps=deps,
        principal=principal,
        key=f"rest:{principal.by}:{deps.unique()}",
        fingerprint="",
        correlation=correlation,
    )


def keyed(call: Call, given: str, scope: str, sent: bytes) -> Call:
    """The call under the caller's key, which counts for this caller and `scope`. Raises Problem for a long one."""
    if len(given) > limits.KEY_CHARS_MAX:
        raise Problem("bad_request", f"An idempotency key has at most {limits.KEY_CHARS_MAX} characters.")
    key = f"rest:{call.principal.by}:{_digest(scope.encode() + bytes(1) + given.encode())}"
    return replace(call, key=key, fingerprint=_digest(sent))


async def carry_out(call: Call, command: Command, contents: Mapping[str, bytes] | None = None) -> Done | Later:
    """Make the command durable and wait a bounded time for how it ends.

    Raises Problem for a rejection, KeyConflict (same key, other command) and StoreError (nothing promised).
    """
    gateway = call.deps.gateway
    receipt = await gateway.submit(
        command,
        key=call.key,
        by=call.principal.by,
        correlation=call.correlation,
        contents=contents,
        fingerprint=call.fingerprint,
    )
    outcome = await gateway.outcome(receipt, limits.OUTCOME_WAIT_S)
    return Later(receipt=receipt_id(receipt)) if outcome is None else done(outcome)


def done(outcome: Outcome) -> Done:
    """What an outcome says to the caller. Raises Problem when it is a rejection."""
    if outcome.rejection:
        raise rejected(outcome)
    return Done(
        position=outcome.position,
        item=outcome.refs.get("item", ""),
        conversation=outcome.refs.get("conversation", ""),
    )


async def answer_command(
    request: web.Request, command: Command, contents: Mapping[str, bytes] | None = None, *, status: int = 200
) -> web.Response:
    """Carry out a command that came by REST: 200 or 201 with its position, 202 with where to ask."""
    return answered(await carry_out(call_of(request), command, contents), status)


def answered(ended: Done | Later, status: int = 200) -> web.Response:
    """The REST answer to a command."""
    if isinstance(ended, Later):
        return respond(ended, 202, {"Location": f"/api/v1/receipts/{ended.receipt}"})
    return respond(ended, status, {POSITION_HEADER: str(ended.position)})


def receipt_id(receipt: Receipt) -> str:
    """How a receipt is named outside: its key, made safe for a path."""
    return base64.urlsafe_b64encode(receipt.key.encode()).decode().rstrip("=")


def receipt_key(receipt: str) -> str:
    """The key behind a receipt's name. Raises Problem for something that never was one."""
    try:
        return base64.b64decode(receipt + "=" * (-len(receipt) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise Problem("not_found", "There is no such receipt.") from error


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
