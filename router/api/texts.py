"""Texts that lie beside the log, by the content ids under which events and records name them."""

from collections.abc import Iterable

import msgspec
from aiohttp import web

from router.api.deps import DEPS
from router.gateway import Content

_content = msgspec.json.Decoder(Content)


async def texts_of(request: web.Request, wanted: Iterable[str]) -> dict[str, str]:
    """Texts by content id, blobs included; what was erased is left out."""
    gateway, ids = request.app[DEPS].gateway, sorted(set(wanted))
    found: dict[str, str] = {}
    for id, data in zip(ids, await gateway.contents(ids) if ids else [], strict=True):
        if data is None:
            continue
        content = _content.decode(data)
        blob = await gateway.blob(content.text_blob) if content.text_blob else None
        found[id] = blob.decode() if blob is not None else content.text
    return found
