"""Closing a queue by hand, whatever its hours say, and opening it again."""

from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.commanding import Done, answer_command
from router.api.deps import DEPS
from router.api.editing import if_match, missing
from router.api.rights import require
from router.api.routes import Routes, principal_of
from router.core import commands as c
from router.core.limits import CLOSED_MESSAGE_CHARS_MAX

routes = Routes()

_QUEUE = "/api/v1/queues/{id}"
_Language = Annotated[str, msgspec.Meta(min_length=1, max_length=limits.LANGUAGE_CHARS_MAX)]
_Said = Annotated[str, msgspec.Meta(max_length=CLOSED_MESSAGE_CHARS_MAX)]


class CloseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The queue that takes what comes (`overflow`, '' for none), what is said to whom nobody takes (by language),
    and whether callers are offered to be called back."""

    message: Annotated[dict[_Language, _Said], msgspec.Meta(max_length=limits.LANGUAGES_MAX)] = {}
    overflow: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)] = ""
    callback: bool = False


@routes.route("POST", f"{_QUEUE}/close", action="queue.edit", body=CloseBody, answer=Done, answers_command=True)
async def close(request: web.Request, body: CloseBody) -> web.Response:
    """Let nothing new into the queue from now on; what waits in it is served. If-Match is optional."""
    command = c.CloseQueue(
        queue=_queue(request),
        message=body.message,
        overflow=body.overflow,
        callback=body.callback,
        seen=if_match(request),
    )
    return await answer_command(request, command)


@routes.route("POST", f"{_QUEUE}/open", action="queue.edit", answer=Done, answers_command=True)
async def open(request: web.Request) -> web.Response:
    """Let a closed queue take work again. If-Match is optional."""
    return await answer_command(request, c.OpenQueue(queue=_queue(request), seen=if_match(request)))


def _queue(request: web.Request) -> str:
    """The queue of the path, if the caller may edit it. Raises Problem."""
    queue = request.app[DEPS].gateway.state.queues.get(request.match_info["id"])
    if queue is None:
        raise missing("queue", request.match_info["id"])
    require(principal_of(request), "queue.edit", {queue.team} - {""})
    return queue.id
