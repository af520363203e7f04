"""Where history and the log meet: the log must go on from where history ends, or they belong to different pasts.

Asked before a node begins, since whatever it accepted on a log that was cut would be gone with that log, and by each
archiver from its own place. Reads both sides, changes nothing.
"""

from sqlalchemy import select

from router.archive.database import Database
from router.archive.errors import OtherHistory
from router.archive.replay import Place
from router.archive.schema import archive_position
from router.runtime.store import Store


async def check_pasts(database: Database, store: Store) -> None:
    """Raises OtherHistory unless the store goes on from where history ends; StoreError when one cannot be asked."""
    query = select(archive_position.c.position, archive_position.c.digest)
    position, digest = await database.ask(lambda connection: connection.execute(query).one())
    await check_store(store, Place(position, digest))


async def check_store(store: Store, place: Place) -> None:
    """Raises OtherHistory unless the store goes on from `place`: the same entry ends there, or it was trimmed since."""
    if not place.position:
        return
    await store.standing()  # the replicas have what is there, also what was written when nobody asked for them
    at = await store.entries(place.position - 1, 1, 0.0)
    if not at:
        if await store.first_entry() - 1 != place.position:
            raise OtherHistory(place.position, f"the store ends at event {await store.head()}")
    elif at[0][0] == place.position and at[0][2] != place.digest:
        raise OtherHistory(place.position, "the store holds another entry there (digest)")
