"""What an installation keeps, as it is now: the centre out of the store, the accounts out of the data base.

Read beside a server that runs, or with its private Redis started for the moment when none does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import select

from router.archive.accounts import SqlAccounts
from router.archive.database import Database
from router.archive.migrate import newest, revision_of
from router.archive.schema import archive_position
from router.cli.doctor import centre
from router.cli.doctor.database import is_made
from router.cli.doctor.finding import Finding
from router.gateway import StoreError
from router.runtime.embedded import Embedded
from router.runtime.errors import FolderInUse, StartError
from router.runtime.follower import Follower
from router.runtime.redis_store import connect
from router.settings import Settings

_EMPTY = Finding(check="centre", verdict="warning", what="nothing is set up yet", mend="Run firstline init")


async def look(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """How centre, accounts and mailboxes fit together."""
    yours = bool(settings.redis_url) or not settings.database_url.startswith("sqlite:")
    if yours and offline:
        return
    if not await asyncio.to_thread(_is_set_up, settings):
        yield _EMPTY
        return
    if await asyncio.to_thread(revision_of, settings.database_url) != await asyncio.to_thread(newest):
        return
    try:
        async with _database(settings) as database:
            archived = await database.ask(lambda plain: int(plain.scalar(select(archive_position.c.position)) or 0))
            async with _log(settings) as log:
                if log.position < archived:
                    yield _torn(log.position, archived)
                    return
                accounts = SqlAccounts(database)
                await accounts.start()
                for finding in centre.look(log.state, accounts.accounts(), settings.mailboxes):
                    yield finding
    except (StoreError, StartError) as error:
        yield Finding(check="centre", verdict="bad", what=f"it cannot be read: {error}")


def _is_set_up(settings: Settings) -> bool:
    return is_made(settings) and (bool(settings.redis_url) or (settings.data_dir / "redis").exists())


def _torn(position: int, archived: int) -> Finding:
    what = f"the log ends at event {position}, and history has those up to {archived}: part of what was kept is gone"
    mend = "No server starts on this. Bring back the whole data folder, or restore a backup into a new one"
    return Finding(check="log", verdict="bad", what=what, mend=mend)


@asynccontextmanager
async def _log(settings: Settings) -> AsyncIterator[Follower]:
    """The log as it ends now, and the state there."""
    async with AsyncExitStack() as stack:
        url = settings.redis_url
        if not url:
            embedded = Embedded(settings.data_dir / "redis", settings.redis_binary)
            url = embedded.url
            try:
                await embedded.start()
                stack.push_async_callback(embedded.stop)
                url = embedded.url
            except FolderInUse:  # a server runs: its Redis answers at the same place
                pass
        store = connect(url, settings.domain)
        stack.push_async_callback(store.close)
        await store.open()
        follower = Follower(store)
        await follower.load()
        yield follower


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(settings.database_url)
    try:
        yield database
    finally:
        await database.close()
