"""Paging by an opaque cursor in a stable order; never by offset, which skips and repeats under change."""

import base64
from typing import Any

import msgspec
from aiohttp import web

from router.api.problems import Problem
from router.api.routes import respond


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: an instant and an id that orders equals."""

    at: int = -1
    id: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next` is the cursor of the following one ('' for none), also given as a Link header."""

    rows: list[dict[str, Any]]
    next: str = ""


def cursor_of(text: str) -> Cursor:
    """The cursor that a caller hands back. Raises Problem for one that we never gave."""
    if not text:
        return Cursor()
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=Cursor)
    except (ValueError, msgspec.DecodeError) as error:
        raise Problem("bad_request", "`after` is not a cursor of ours; take it from `next`.") from error


def cursor_text(cursor: Cursor) -> str:
    """The cursor as callers get it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def paged(request: web.Request, rows: list[dict[str, Any]], keys: list[Cursor], limit: int) -> web.Response:
    """The answer for a page, given at most one row more than fits."""
    if len(keys) <= limit:
        return respond(Page(rows=rows))
    following = cursor_text(keys[limit - 1])
    link = request.rel_url.update_query(after=following)
    return respond(Page(rows=rows[:limit], next=following), 200, {"Link": f'<{link}>; rel="next"'})
