"""Reading what integrators send: strict shapes, and errors that name the place as a JSON pointer (RFC 6901)."""

import re
from typing import Any, Final, TypeVar

import msgspec

from router.gateway import EventRefused

T = TypeVar("T")

_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD: Final = re.compile(r"(?:unknown|required) field `(?P<field>[^`]+)`")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def read(data: Any, shape: type[T], pointer: str = "/data") -> T:
    """`data` as a `shape`, nothing guessed or ignored. Raises EventRefused (`bad_event`) with the place."""
    try:
        return msgspec.convert(data, shape, strict=True)
    except msgspec.ValidationError as error:
        what, place = _explained(str(error))
        raise EventRefused("bad_event", what, pointer + place) from None


def step(name: str) -> str:
    """One step of a JSON pointer."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _explained(message: str) -> tuple[str, str]:
    found = _PLACE.match(message)
    assert found is not None
    known = (found["path"] or "").partition("[...]")[0]  # msgspec does not say which key of a free object it was
    place = "".join(step(name or index) for name, index in _STEP.findall(known))
    field = _FIELD.search(found["what"])
    return found["what"], place + (step(field["field"]) if field else "")
