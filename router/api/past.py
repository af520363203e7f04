"""`?at=`: the same question about the past. What it means, and whom it is asked of."""

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS, Deps
from router.api.problems import Problem, again
from router.api.reports import zone_of
from router.api.routes import principal_of, query_of
from router.core.commands import Command
from router.runtime.past import Fault, PastAsked, PastBusy, PastTold, What
from router.wire.codec import Submission, encode

_BACK: Final = re.compile(r"-(\d{1,6})([smhd])")
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_POSITION: Final = re.compile(r"\d{1,18}", re.ASCII)

_FAULTS: Final[dict[Fault, tuple[str, str]]] = {
    "before_history": ("before_history", "The archive does not go back that far."),
    "in_the_future": ("in_the_future", "Nothing is known of then yet. Leave `at` out for now."),
    "not_archived": ("not_reached", "The archive has not got that far yet. Try again in a moment."),
}


class AtQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When: left out for now. An event position like `12345`, an instant like `2026-11-21T10:42` (on the clocks of the
    centre unless it has an offset, whose `+` is `%2B` in a URL), or back from now: `-90s`, `-15m`, `-2h`, `-1d`."""

    at: str = ""


async def told_of(request: web.Request, what: What, id: str = "") -> PastTold | None:
    """What the past says; None when now was asked for. `fault` is at most that it was not there.

    Raises Problem for what is no instant, is outside the archive, or cannot be told now.
    """
    text, deps, principal = query_of(request, AtQuery).at, request.app[DEPS], principal_of(request)
    if not text:
        return None
    now, known = deps.clock.now_ms(), deps.gateway.position
    position, at_ms = await asyncio.to_thread(moment, text, zone_of(deps.gateway.state, ""), now)
    if position is None and at_ms > now:
        raise _problem("in_the_future")
    asked = PastAsked(
        what=what, id=id, position=position, at_ms=at_ms, known=known, teams=principal.led(), me=principal.agent
    )
    told = await _patiently(deps, asked)
    if told.fault in _FAULTS:
        raise _problem(told.fault)
    return told


async def previewed(request: web.Request, commands: Iterable[Command], most: int) -> PastTold:
    """What these commands would do now to what the caller leads, worked out beside this process on the archive's state.

    Raises Problem when that is too far behind, or too many ask.
    """
    deps = request.app[DEPS]
    known = deps.gateway.position
    asked = PastAsked(
        what="preview",
        position=known,
        at_ms=deps.clock.now_ms(),
        known=known,
        teams=principal_of(request).led(),
        commands=tuple(encode(Submission(command=command, key="")) for command in commands),
        most=most,
    )
    told = await _patiently(deps, asked)
    if told.fault in _FAULTS:
        raise _problem(told.fault)
    return told


def moment(text: str, zone: str, now_ms: int) -> tuple[int | None, int]:
    """The event position, or (None) the instant in Unix milliseconds that `at` names. Raises Problem.

    An hour that comes twice in autumn is the first of them. In a thread: a time zone is read from disk the first time.
    """
    if _POSITION.fullmatch(text):
        return int(text), 0
    if back := _BACK.fullmatch(text):
        return None, now_ms - int(back[1]) * _UNIT_MS[back[2]]
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=ZoneInfo(zone))
        return None, round(instant.astimezone(UTC).timestamp() * 1_000)
    except (ValueError, OverflowError, KeyError, OSError) as error:
        raise Problem(
            "bad_instant",
            "`at` is an event position like 12345, an instant like 2026-11-21T10:42 or 2026-11-21T10:42+01:00 "
            "(in a URL `+` is %2B), or back from now like -15m (s, m, h, d).",
        ) from error


async def _patiently(deps: Deps, asked: PastAsked) -> PastTold:
    """The answer; the archive is a moment behind, and waited for that long. Raises Problem when too many ask."""
    clock = asyncio.get_running_loop().time
    end = clock() + limits.ARCHIVE_WAIT_S
    try:
        while True:
            told = await deps.past.ask(asked)
            if told.fault != "not_archived" or clock() >= end:
                return told
            await asyncio.sleep(limits.ARCHIVE_LOOK_S)
    except PastBusy as error:
        said = str(error)
        raise Problem(
            "past_busy",
            f"{said[:1].upper()}{said[1:]}. Ask again in a moment.",
            headers=again(limits.RETRY_AFTER_PAST_S),
        ) from error


def _problem(fault: Fault) -> Problem:
    code, detail = _FAULTS[fault]
    return Problem(code, detail, headers=again() if fault == "not_archived" else None)
