"""Texts that agents write: kept beside the log under an id, large ones as blobs. The log sees id and size only."""

import msgspec

from router.api import limits
from router.api.commanding import Call
from router.api.deps import Deps
from router.api.problems import Problem, ProblemPart
from router.gateway import Content

_encode = msgspec.json.Encoder().encode


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A text on its way: the content id to name it by, its bytes, and the contents to submit with the command."""

    id: str
    size: int
    contents: dict[str, bytes]


async def written(call: Call, text: str, pointer: str, bytes_max: int = limits.TEXT_BYTES_MAX) -> Written:
    """Prepare a text for a command. Raises Problem `too_large` above `bytes_max`, StoreError."""
    data = text.encode()
    if len(data) > bytes_max:
        said = f"The text has {len(data)} bytes; at most {bytes_max} can be taken here."
        raise Problem("too_large", said, errors=(ProblemPart(pointer=pointer, detail=said),))
    content = _encode(Content(text=text))
    if len(content) > limits.CONTENT_INLINE_BYTES_MAX:
        content = _encode(Content(text_blob=await call.deps.gateway.put_blob(data)))
    id = call.deps.ids.new("cnt")
    return Written(id=id, size=len(data), contents={id: content})


def numbered(deps: Deps, number: str, name: str = "") -> tuple[str, dict[str, bytes]]:
    """The id of the content that holds a phone number as somebody typed it, and the content. Raises Problem."""
    try:
        address = deps.addresses.read("phone", number)
    except ValueError as error:
        said = str(error)
        raise Problem("invalid", said, errors=(ProblemPart(pointer="/number", detail=said),)) from error
    id = deps.ids.new("adr")
    return id, {id: _encode(Content(address=address.address, name=name, known_by=address))}
