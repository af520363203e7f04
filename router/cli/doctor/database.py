"""The data base: whether it answers, and whether its schema is the one of this version."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from router.archive.migrate import newest, revision_of
from router.cli.doctor.finding import Finding
from router.gateway import StoreError
from router.runtime.errors import StartError
from router.settings import Settings

_SQLITE = "sqlite:///"


def is_made(settings: Settings) -> bool:
    """Whether there is a data base yet: one of SQLite is made at the first start."""
    url = settings.database_url
    return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists()


async def look(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """Its revision beside ours."""
    if not settings.database_url.startswith(_SQLITE) and offline:
        return
    if not await asyncio.to_thread(is_made, settings):
        yield Finding(check="database", verdict="good", what="made at the first start")
        return
    try:
        yield await asyncio.to_thread(_compared, settings.database_url)
    except StoreError as error:
        mend = "Start it, or correct database_url; its user must be able to log in"
        yield Finding(check="database", verdict="bad", what=str(error), mend=mend)
    except StartError as error:
        yield Finding(check="database", verdict="bad", what=str(error))


def _compared(url: str) -> Finding:
    found, ours = revision_of(url), newest()
    if found == ours:
        return Finding(check="database", verdict="good", what=f"at revision {found}, that of this version")
    if not found or (found.isdecimal() and found < ours):
        what = f"at revision {found or 'none'}, that of this version is {ours}"
        mend = "The next start brings it up to date; make a backup first"
        return Finding(check="database", verdict="warning", what=what, mend=mend)
    what = f"at revision '{found}', on which this version ({ours}) does not start"
    mend = "Newer: start that version again. Moved or unfinished: see 'firstline migrate'"
    return Finding(check="database", verdict="bad", what=what, mend=mend)
