"""Logs: structlog, one JSON object per line (or coloured lines for a person at a terminal), UTC timestamps.

Every line of one request carries its correlation id, which handlers bind with `structlog.contextvars`. Lines of
libraries that use the standard `logging` come out the same way. Our own code logs ids only; `masked` is the last
line of defence for what slips through all the same: it is no licence to log personal data.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO, TypeAlias

import msgspec
import structlog

Form: TypeAlias = Literal["auto", "json", "console"]
Line: TypeAlias = MutableMapping[str, Any]

DEPTH_MAX = 6  # nesting of a logged value that is looked into; what lies deeper is not shown
TEXT_CHARS_MAX = 20_000  # of one value: a traceback fits, a mail body does not

_CHATTY = ("alembic", "aiosqlite", "asyncio", "engineio.server", "socketio.server")
"""Libraries whose everyday lines say nothing to an operator, or hold what people wrote to each other."""

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_NATIONAL = re.compile(r"(?<![\w.-])(\d{2})[. ]?(\d{2})[. ]?(\d{2})[- ]?(\d{3})[. ]?(\d{2})(?![\w])")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?!\w)")
_PHONE = re.compile(r"(?<![\w.-])(?:\+|00)\d(?:[ ./()-]{0,2}\d){6,13}(?!\w)|(?<![\w.:-])0\d(?:[ ./-]?\d){7,8}(?![\w:])")
_BEARER = re.compile(r"\b(fl_|whsec_|Bearer )[\w.~+/=-]{8,}")


def configure(level: str = "info", form: Form = "auto", stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard error), from `level` up."""
    out = stream or sys.stderr
    people = form == "console" or (form == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _mask_line,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if people
        else structlog.processors.JSONRenderer(serializer=_json, ensure_ascii=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *(processor for processor in shared if not isinstance(processor, structlog.stdlib.ExtraAdder)),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def masked(text: str) -> str:
    """The text without e-mail addresses, phone, account, card and Belgian national numbers, keys and tokens."""
    text = text[:TEXT_CHARS_MAX]
    text = _BEARER.sub(r"\1[token]", text)
    text = _EMAIL.sub("[email]", text)
    text = _IBAN.sub("[iban]", text)
    text = _NATIONAL.sub(lambda found: "[national number]" if _is_national(found) else found[0], text)
    text = _CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    return _PHONE.sub("[phone]", text)


def _is_national(found: re.Match[str]) -> bool:
    """Whether 11 digits are a Belgian national number: the last two are 97 minus the rest of the first nine by 97,
    with a 2 before them for people born from 2000 on."""
    first, check = int("".join(found.groups()[:4])), int(found[5])
    return check in (97 - first % 97, 97 - (2_000_000_000 + first) % 97)


def _is_card(text: str) -> bool:
    """Whether the digits pass the check of payment cards (Luhn)."""
    digits = [int(char) for char in reversed(text) if char.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _mask_line(_: Any, __: str, line: Line) -> Line:
    for key, value in line.items():
        if not key.startswith("_"):
            line[key] = _mask(value, DEPTH_MAX)
    return line


def _mask(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return masked(value)
    if depth == 0:
        return "[...]"
    if isinstance(value, Mapping):
        return {masked(str(key)): _mask(part, depth - 1) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(part, depth - 1) for part in value]
    return masked(str(value))


def _json(line: Line, **_: Any) -> str:
    return msgspec.json.encode(line).decode()
