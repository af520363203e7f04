"""Logs: one JSON object per line with its correlation id, libraries included, and no personal data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from router import logs


@pytest.fixture
def lines() -> Iterator[Any]:
    """The log from now on, as decoded lines when called."""
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    logs.configure("debug", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


def test_a_line_is_one_json_object_with_its_correlation_id_and_a_utc_instant(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(correlation="c_1")
    structlog.stdlib.get_logger().info("item_queued", item="item_1", waited_ms=12)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "item_queued", "item": "item_1", "waited_ms": 12, "correlation": "c_1", "level": "info"}


def test_lines_of_libraries_come_out_the_same_way(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(correlation="c_2")
    logging.getLogger("some.package").warning("from %s", "a@b.example", extra={"who": "c@d.example"})
    (line,) = lines()
    assert (line["event"], line["logger"], line["who"], line["correlation"]) == (
        "from [email]",
        "some.package",
        "[email]",
        "c_2",
    )


def test_a_traceback_is_masked_too(lines: Any) -> None:
    try:
        raise ValueError("no mailbox jan.peeters@service.example")
    except ValueError:
        structlog.stdlib.get_logger().exception("went_wrong")
    (line,) = lines()
    assert "ValueError: no mailbox [email]" in line["exception"]


def test_nested_values_are_looked_into_to_a_bounded_depth(lines: Any) -> None:
    deep: Any = "x@y.example"
    for _ in range(logs.DEPTH_MAX + 2):
        deep = [deep]
    structlog.stdlib.get_logger().info("nested", found={"to": ["+32 2 555 12 12"], "x@y.example": 1}, deep=deep)
    (line,) = lines()
    assert line["found"] == {"to": ["[phone]"], "[email]": 1}
    assert "example" not in json.dumps(line)


def test_people_at_a_terminal_read_lines_not_json() -> None:
    stream = io.StringIO()
    handlers = logging.getLogger().handlers
    logs.configure("info", "console", stream)
    structlog.stdlib.get_logger().info("node_started", url="http://127.0.0.1:8410")
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    assert "node_started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail jan.peeters+x@dienst.example now", "mail [email] now"),
        ("call +32 2 555 12 12", "call [phone]"),
        ("call 0032 2 555 12 12", "call [phone]"),
        ("call 0477 12 34 56 now", "call [phone] now"),
        ("call 02/555.12.12", "call [phone]"),
        ("BE68 5390 0754 7034", "[iban]"),
        ("BE68539007547034", "[iban]"),
        ("85.07.30-033.28", "[national number]"),
        ("85073003328", "[national number]"),
        ("paid with 4111 1111 1111 1111", "paid with [card]"),
        ("Authorization: Bearer abcdefghijkl.mn", "Authorization: Bearer [token]"),
        ("key fl_abcdefghijklmnop", "key fl_[token]"),
    ],
)
def test_personal_data_and_secrets_are_masked(text: str, masked: str) -> None:
    assert logs.masked(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "item_4kz0477123456abcdefghijklmn",
        "2026-11-21T22:34:06.123456Z",
        "1763764446123",
        "127.0.0.1:8410",
        "1-0",
        "position 1234567890",
        "85.07.30-033.29",
        "router/core/state.py:120",
    ],
)
def test_ids_instants_and_numbers_stay_readable(text: str) -> None:
    assert logs.masked(text) == text


def test_a_huge_value_is_cut() -> None:
    assert len(logs.masked("a" * 100_000)) == logs.TEXT_CHARS_MAX
