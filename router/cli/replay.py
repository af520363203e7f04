"""`firstline replay [FILE]`: what the log leads to, and whether everything that is kept agrees with it."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router import logs
from router.archive.errors import OtherHistory
from router.cli.backup import explained
from router.cli.console import emit, say, show
from router.cli.options import Config, Data, Json, settings_of
from router.cli.outcome import CommandError, Exit
from router.cli.progress import bars
from router.cli.running import run
from router.core.invariants import check
from router.core.state import State
from router.gateway import StoreError
from router.runtime.embedded import Embedded
from router.runtime.redis_store import RedisStore, connect
from router.settings import Settings

if TYPE_CHECKING:
    from router.archive.proof import Proof, Told


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(replay)


def replay(
    file: Annotated[
        Path | None,
        typer.Argument(help="A backup, or the data base of an archive. Default: those of the settings here."),
    ] = None,
    *,
    at: Annotated[int | None, typer.Option(min=1, help="Stop after this event. Default: the last one.")] = None,
    from_snapshot: Annotated[
        bool,
        typer.Option("--from-snapshot", help="Begin at the newest snapshot: sooner done, and proves less."),
    ] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fold the log again from its first event, and hold what is kept against it.

    Compared are the digests of each entry, the state at each snapshot, the live records with the state at the end, and
    every rule of the state. Ends with 1 at the first difference. Nothing is changed, and a server may run or not;
    without one, only what its archive has is read. A backup needs free disk space beside it of twice its content.
    """
    settings = settings_of(config, data)
    logs.configure(level="error", form=settings.log.form)
    began = time.monotonic()
    with explained(), bars(json) as steps:
        try:
            if file is not None:
                from router.backup.prove import prove_file

                proof = prove_file(file, at, steps, from_snapshot=from_snapshot, redis_binary=settings.redis_binary)
            else:
                proof = run(_proved_here(settings, at, from_snapshot, steps("folding")))
        except OtherHistory as error:
            raise CommandError(
                Exit.FAILED, f"FAIL after event {error.position}: {error.found}.", position=error.position
            ) from error
    _tell(proof, time.monotonic() - began, json=json)


async def _proved_here(settings: Settings, at: int | None, from_snapshot: bool, told: "Told") -> "Proof":
    """The log of the node that these settings are of: its archive, and its store if that answers."""
    from sqlalchemy import make_url

    from router.archive.database import Database
    from router.archive.proof import prove

    url = settings.database_url
    path = make_url(url).database if url.startswith("sqlite") else None
    if path and not await asyncio.to_thread(Path(path).exists):
        raise CommandError(Exit.ENVIRONMENT, f"There is no archive at {path}: has a server ever run on this folder?")
    database = await Database.open(url, read_only=True)
    store = connect(settings.redis_url or Embedded(settings.data_dir / "redis").url, settings.domain)
    try:
        found = store if await _answers(store) else None
        return await prove(database, found, at, from_snapshot=from_snapshot, told=told)
    finally:
        await asyncio.shield(store.close())
        await asyncio.shield(database.close())


async def _answers(store: RedisStore) -> bool:
    try:
        await store.open()
    except StoreError:
        say("Redis does not answer: what is not archived yet, and the live records, are not read.")
        return False
    return True


def _tell(proof: "Proof", seconds: float, *, json: bool) -> None:
    whole = proof.place.position == proof.position
    broken = check(proof.state) if whole else []  # within an entry, a step may be half done
    counts, digest = _counts(proof.state), proof.state.digest()
    if json:
        emit(
            {
                "position": proof.position,
                "digest": digest,
                "entry": proof.place.digest,
                "began": proof.began,
                "events": proof.position - proof.began,
                "entries": proof.entries,
                "archived": proof.archived,
                "snapshots": proof.snapshots,
                "live_records": proof.records,
                "seconds": round(seconds, 3),
                "records": counts,
                "broken": broken,
            }
        )
    else:
        show(_sentence(proof, seconds))
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        show(f"position {proof.position}, state {digest}: {said or 'empty'}")
    if broken:
        raise CommandError(Exit.FAILED, "FAIL: the state breaks rules:\n" + "\n".join(broken))
    if not json:
        show("PASS")


def _sentence(proof: "Proof", seconds: float) -> str:
    snapshots = f"{proof.snapshots} snapshot{'' if proof.snapshots == 1 else 's'}"
    compared = f"{snapshots} and the live records" if proof.records else f"{snapshots}, not with live records"
    events = proof.position - proof.began
    return f"{events} events in {proof.entries} entries, folded in {seconds:.1f} s; compared with {compared}."


def _counts(state: State) -> dict[str, Any]:
    return dict(sorted(Counter(kind for (kind, _), _ in state.records()).items()))
