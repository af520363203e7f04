"""Receipts: how a command ended that was durable before its outcome was known."""

import msgspec
from aiohttp import web

from router.api.commanding import POSITION_HEADER, receipt_key
from router.api.deps import DEPS
from router.api.problems import Problem, ProblemDetails, rejected
from router.api.routes import CORRELATION, Routes, principal_of, respond

routes = Routes()


class ReceiptState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state` is open (not decided yet), accepted or rejected (`problem` says why)."""

    state: str
    position: int = 0
    item: str = ""
    conversation: str = ""
    problem: ProblemDetails | None = None


@routes.route("GET", "/api/v1/receipts/{receipt}", action="receipt.read", answer=ReceiptState)
async def get(request: web.Request) -> web.Response:
    """How a command ended, or that it is not decided yet.

    Receipts are kept for 24 hours, and read by whoever got them and by admins.
    """
    key = receipt_key(request.match_info["receipt"])
    principal = principal_of(request)
    if not key.partition(":")[2].startswith(f"{principal.by}:") and not principal.is_admin():
        raise Problem("not_found", "There is no such receipt of yours.")
    outcome = await request.app[DEPS].gateway.outcome_of(key)
    if outcome is None:
        return respond(ReceiptState(state="open"), 200, {"Retry-After": "1"})
    headers = {POSITION_HEADER: str(outcome.position)}
    if outcome.rejection:
        problem = rejected(outcome).details(request[CORRELATION])
        return respond(ReceiptState(state="rejected", position=outcome.position, problem=problem), 200, headers)
    item, conversation = outcome.refs.get("item", ""), outcome.refs.get("conversation", "")
    return respond(
        ReceiptState(state="accepted", position=outcome.position, item=item, conversation=conversation), 200, headers
    )
