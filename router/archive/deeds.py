"""Deeds: who changed what beside the log. Written in the transaction of the change: neither is there without the other.

A deed of an account or key holds what anybody may see of it who may edit it, never a hash. A deed of a customer
names the fields that changed and not what is in them: what erasure empties must not live on here.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive.schema import deeds
from router.runtime.acts import Act

DeedKind: TypeAlias = Literal["account", "key", "customer"]


async def record(
    connection: AsyncConnection,
    act: Act,
    kind: DeedKind,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down what was done to `subject`; `before` is None for what is new, `after` for what is gone.

    Raises what the data base raises: then the change is not made either.
    """
    row = {"kind": kind, "subject": subject, "before": before, "after": after}
    await connection.execute(insert(deeds), [msgspec.to_builtins(act) | row])
