"""Problem details (RFC 9457): every error of the API has a stable code, and says what to do about it.

The one table from codes to HTTP statuses is here. A detail holds ids at most, never personal data.
"""

import itertools
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from router.api import limits
from router.core.limits import DURATION_TICKS_MAX
from router.core.rejections import CODES, Rejection
from router.gateway import EventRefused, Full, KeyConflict, Outcome, StoreError, Unstorable

STATUSES: dict[str, int] = {
    **{code: 404 for code in CODES if code.startswith("unknown_")},
    "duplicate_id": 409,
    "not_yours": 409,
    "wrong_state": 409,
    "wrong_channel": 409,
    "not_reserved": 409,
    "not_connected": 409,
    "agent_disabled": 409,
    "in_use": 409,
    "full": 409,
    "wrong_attempt": 409,
    "still_yours": 409,
    "cannot_keep": 409,
    "call_active": 409,
    "own_question": 409,
    "category_required": 422,
    "outcome_required": 422,
    "overflow_loop": 422,
    "unknown_customer": 404,
    "address_taken": 409,
    "no_address": 422,
    "stale_revision": 412,
    "no_specialist_queue": 422,
    "note_required": 422,
    "reason_required": 422,
    "nobody_named": 422,
    "bad_slot": 422,
    "nowhere_to_return": 409,
    "not_followed": 409,
    "is_consult": 409,
    "no_consult": 409,
    "bad_level": 422,
    "bad_date": 422,
    "bad_value": 422,
    "poisoned": 500,
    "bad_request": 400,
    "bad_json": 400,
    "login_failed": 401,
    "unauthenticated": 401,
    "forbidden": 403,
    "password_change_required": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "key_conflict": 422,
    "precondition_required": 428,
    "too_many_requests": 429,
    "centre_conflict": 409,
    "centre_invalid": 422,
    "internal": 500,
    "house_full": 503,
    "bad_instant": 400,
    "in_the_future": 404,
    "before_history": 410,
    "past_busy": 503,
    "store_unavailable": 503,
    "not_reached": 503,
    "stopping": 503,
}
"""Code of a rejection or of the API itself -> HTTP status."""

DecodedT = TypeVar("DecodedT")

_DAYS_AHEAD = DURATION_TICKS_MAX // 86_400_000
_SAID = CODES | {
    "bad_date": f"the date lies in the past, or more than {_DAYS_AHEAD} days ahead, or ends before it begins",
}
"""What a rejection is told as: where bounds are, what they are."""
_spread_s = itertools.cycle(range(limits.RETRY_AFTER_SPREAD_S))
_PATH = re.compile(r" - at `(?:key in )?\$(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class ProblemPart(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a body: where (a JSON pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error, `application/problem+json` (RFC 9457). `instance` is the correlation id."""

    type: str
    code: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    subject: str = ""
    errors: tuple[ProblemPart, ...] = ()
    current: Any = None


class Problem(Exception):
    """An answer that is an error. `status` is looked up by `code` unless given (events have their own codes)."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int = 0,
        subject: str = "",
        errors: tuple[ProblemPart, ...] = (),
        headers: dict[str, str] | None = None,
        current: Any = None,
    ) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.status = status or STATUSES[code]
        self.subject = subject
        self.errors = errors
        self.headers = headers or {}
        self.current = current

    @property
    def retry_ms(self) -> int:
        """When to come again, for those who read no headers; 0 when nothing is said of it."""
        return int(self.headers.get("Retry-After", 0)) * 1_000

    def details(self, correlation: str = "") -> ProblemDetails:
        """What the caller is shown."""
        return ProblemDetails(
            type=f"/problems/{self.code}",
            code=self.code,
            title=self.code.replace("_", " ").capitalize(),
            status=self.status,
            detail=self.detail,
            instance=correlation,
            subject=self.subject,
            errors=self.errors,
            current=self.current,
        )


def again(wait_s: float = limits.RETRY_AFTER_S) -> dict[str, str]:
    """When to come again (RFC 9110 section 10.2.3): after `wait_s`, and not all in the same second."""
    return {"Retry-After": str(math.ceil(wait_s) + next(_spread_s))}


def rejected(outcome: Outcome | Rejection) -> Problem:
    """The problem that a rejection of the core is on the outside."""
    code = outcome.code if isinstance(outcome, Rejection) else outcome.rejection
    return Problem(code, _SAID[code], subject=outcome.subject)


def as_problem(error: Exception) -> Problem | None:
    """The problem that an expected exception is on the outside; None for one that nobody expected."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Full):
        return Problem("house_full", "There is no room for more now; nothing was done. Send it again.", headers=again())
    if isinstance(error, StoreError):
        return Problem(
            "store_unavailable",
            "Nothing was changed for sure. Send the same request again, with the same Idempotency-Key.",
            headers=again(),
        )
    if isinstance(error, UnicodeEncodeError | OverflowError | Unstorable):
        return Problem("bad_request", "A text is no UTF-8 or holds a NUL, or a number takes more than 64 bits.")
    if isinstance(error, KeyConflict):
        return Problem("key_conflict", "This key was used for another request. Use a new one for a new request.")
    if isinstance(error, EventRefused):
        parts = (ProblemPart(pointer=error.pointer, detail=error.detail),) if error.pointer else ()
        return Problem(error.code, error.detail, status=error.status, errors=parts)
    return None


def decoded(data: bytes | msgspec.Raw, decode: Callable[[bytes | msgspec.Raw], DecodedT]) -> DecodedT:
    """A body as its struct. Raises Problem with the byte or the JSON pointer of what is wrong."""
    try:
        return decode(data)
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("bad_json", f"{error}. Send UTF-8 JSON (RFC 8259).") from error


def invalid(error: msgspec.ValidationError, root: str = "") -> Problem:
    """A body of the wrong shape, with the place as a JSON pointer below `root`."""
    message = str(error)
    found = _PATH.search(message)
    steps = _STEP.findall(found.group(1)) if found else []
    pointer = root + "".join(f"/{_escaped(name or index)}" for name, index in steps)
    said = message[: found.start()] if found else message
    for pattern in (_UNKNOWN, _MISSING):
        if named := pattern.search(said):
            pointer += f"/{_escaped(named.group(1))}"
    return Problem(
        "invalid",
        "The body is JSON but not what is expected here; see `errors` and /docs.",
        errors=(ProblemPart(pointer=pointer, detail=said),),
    )


def _escaped(step: str) -> str:
    return "-" if step == "..." else step.replace("~", "~0").replace("/", "~1")
