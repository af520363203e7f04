"""The time machine: states of the past, folded again from the archive, and what they say of a board or an item.

It lives in a process of its own (see `past_process`), because a fold takes seconds of a processor and a second state
takes memory: the loop that pushes must wait for neither. It only reads, and is at home in one thread.
"""

import asyncio
import os
import signal
import struct
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from select import select
from typing import BinaryIO, Final

import msgspec

from router import logs
from router.archive import limits
from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.instants import extent, instant_of, position_at
from router.archive.replay import Folded, fold, newest_snapshot_position
from router.core.concern import concerned
from router.core.copies import copies
from router.core.preview import Preview, preview
from router.core.state import State, load
from router.core.views import item_view
from router.gateway import StoreError
from router.logs import Form
from router.runtime.board import board, queue_board
from router.runtime.errors import ShapeTooNew
from router.runtime.explaining import explained
from router.runtime.past import Fault, PastAsked, PastTold
from router.wire.codec import decode_submission

LENGTH: Final = struct.Struct(">I")
"""Before each answer: its bytes."""

_json = msgspec.json.Encoder().encode


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told first: the data base, and how to log."""

    database_url: str
    log_level: str
    log_form: Form


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """There is no answer: what failed, for the log."""

    reason: str


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The answer to a question."""

    told: PastTold


class Machine:
    """States of the past on one archive. The latest few are kept: one is led on to what comes after it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: list[Folded] = []

    async def answer(self, asked: PastAsked) -> PastTold:
        """Answer a question. Raises StoreError, OtherHistory and ShapeTooNew."""
        position, at_ms, fault = await self._moment(asked)
        if fault:
            return PastTold(fault=fault)
        state = await self.state(position)
        return await _told(state, position, at_ms, asked)

    async def state(self, position: int) -> State:
        """The state after an archived event. It stays as it is until the next call."""
        newest = await newest_snapshot_position(self._database, position)
        usable = [kept for kept in self._kept if newest <= kept.position <= position]
        begin = max(usable, key=lambda kept: kept.position, default=None)
        if begin is not None:
            self._kept.remove(begin)
        elif len(self._kept) == limits.PAST_STATES_MAX:
            del self._kept[0]
        folded = await fold(self._database, position, begin=begin, routing=False)
        self._kept.append(folded)
        return folded.state

    async def _moment(self, asked: PastAsked) -> tuple[int, int, Fault]:
        """Which event and instant is meant, or why there is none."""
        async with self._database.reading() as connection:
            held = await extent(connection)
            if held is None:
                return 0, 0, "not_archived" if asked.known else "before_history"
            if asked.position is not None:
                if asked.position > held.last:
                    return 0, 0, "in_the_future" if asked.position > asked.known else "not_archived"
                if asked.position < held.first:
                    return 0, 0, "before_history"
                return asked.position, await instant_of(connection, asked.position), ""
            if asked.at_ms < held.first_at:
                return 0, 0, "before_history"
            if asked.at_ms >= held.last_at and held.last < asked.known:
                return 0, 0, "not_archived"
            return await position_at(connection, asked.at_ms), asked.at_ms, ""


async def _told(state: State, position: int, at_ms: int, asked: PastAsked) -> PastTold:
    if asked.what == "board":
        return PastTold(position=position, at_ms=at_ms, body=_json(await board(state, position, at_ms, asked.teams)))
    if asked.what == "queue":
        if asked.id not in state.queues:
            return PastTold(fault="not_there", position=position, at_ms=at_ms)
        body = _json(await queue_board(state, position, at_ms, asked.id))
        team = state.queues[asked.id].team
        return PastTold(position=position, at_ms=at_ms, teams=frozenset({team} - {""}), body=body)
    if asked.what == "preview":
        body = _json(_previewed(state, max(at_ms, asked.at_ms), asked))
        return PastTold(position=position, at_ms=at_ms, body=body)
    if asked.id not in state.items:
        return PastTold(fault="not_there", position=position, at_ms=at_ms)
    teams, agents = concerned(state, state.items[asked.id], asked.me)
    body = _json(item_view(state, asked.id) if asked.what == "item" else await explained(state, asked.id, at_ms))
    return PastTold(position=position, at_ms=at_ms, teams=frozenset(teams), agents=agents, body=body)


def _previewed(state: State, now: int, asked: PastAsked) -> Preview:
    commands = [decode_submission(data).command for data in asked.commands]
    return preview(load(copies(state)), commands, now, most=asked.most, teams=asked.teams)


# -- the process ----------------------------------------------------------------------------------------------


def main() -> None:
    """Answer question after question, a line of JSON each, until nobody asks on: the node closed the pipe, died, or is
    busy with the present."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(limits.NICE)
    with suppress(OSError):  # when memory ends, the past goes first (man 5 proc_pid_oom_score_adj)
        Path("/proc/self/oom_score_adj").write_text(limits.OOM_FIRST, encoding="ascii")
    asked = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 - else select would see too little
    where = msgspec.json.decode(asked.readline(), type=Where)
    logs.configure(where.log_level, where.log_form)
    asyncio.run(_serve(where.database_url, asked, sys.stdout.buffer))


async def _serve(url: str, asked: FileIO, told: BinaryIO) -> None:
    """One question after the other: while none is asked, there is nothing else to do here than to wait for one."""
    database = await Database.open(url, read_only=True)
    machine = Machine(database)
    try:
        while _is_asked(asked) and (line := asked.readline()):
            data = msgspec.msgpack.encode(await _answered(machine, msgspec.json.decode(line, type=PastAsked)))
            told.write(LENGTH.pack(len(data)) + data)
            told.flush()
    finally:
        await database.close()


def _is_asked(asked: FileIO) -> bool:
    """Wait for a question, or the end; not for ever: states of the past take memory."""
    return bool(select([asked], [], [], limits.PAST_IDLE_S)[0])


async def _answered(machine: Machine, asked: PastAsked) -> Answered | Failed:
    try:
        return Answered(told=await machine.answer(asked))
    except (StoreError, OtherHistory, ShapeTooNew) as error:
        return Failed(reason=str(error))
