"""The measures measure what they say: each budget lets the good pass and names the bad with its place."""

import pytest

from tests.tools import tidy


def one(path: str, text: str) -> tidy.Module:
    return tidy.measure(path, text)


def function(lines: int, name: str = "f") -> str:
    return f"def {name}():\n" + "    x = 1\n" * (lines - 1)


def test_code_lines_leave_out_docstrings_comments_and_blank_lines() -> None:
    text = 'def f():\n    """A\n    docstring."""\n    # why\n\n    return (\n        1\n    )\n'
    assert one("skills/a.py", text).functions[0].lines == 4


@pytest.mark.parametrize(("lines", "complaints"), [(70, 0), (71, 1)])
def test_a_function_has_at_most_70_code_lines(lines: int, complaints: int) -> None:
    assert len(list(tidy.too_long([one("channels/a.py", function(lines))]))) == complaints


@pytest.mark.parametrize(("path", "complaints"), [("router/core/a.py", 1), ("router/api/a.py", 0)])
def test_a_pure_module_has_at_most_600_lines_and_others_800(path: str, complaints: int) -> None:
    assert len(list(tidy.too_long([one(path, "x = 1\n" * 700)]))) == complaints


def test_the_usual_function_is_small() -> None:
    small = one("skills/a.py", "".join(function(3, f"f{n}") for n in range(9)))
    large = one("skills/b.py", "".join(function(50, f"g{n}") for n in range(10)))
    assert list(tidy.too_long_on_the_whole([small])) == []
    assert len(list(tidy.too_long_on_the_whole([small, large]))) == 2


@pytest.mark.parametrize(
    ("call", "mocks", "sleeps"),
    [
        ("MagicMock()", 1, 0),
        ("mock.patch('a.b')", 1, 0),
        ("patch.object(a, 'b')", 1, 0),
        ("monkeypatch.setattr(a, 'b', 1)", 1, 0),
        ("monkeypatch.setenv('A', '1')", 0, 0),
        ("time.sleep(1)", 0, 1),
        ("asyncio.sleep(0.1)", 0, 1),
        ("asyncio.sleep(0)", 0, 0),
    ],
)
def test_mocks_and_sleeps_are_counted(call: str, mocks: int, sleeps: int) -> None:
    module = one("tests/api/test_a.py", f"def test_a():\n    {call}\n")
    assert (module.tests, len(module.mocks), len(module.sleeps)) == (1, mocks, sleeps)


def test_a_mock_in_a_test_of_a_pure_part_is_named() -> None:
    assert "no mock" in next(tidy.mocked_or_slept([one("tests/core/test_a.py", "def test_a():\n    Mock()\n")]))


def test_unfinished_work_is_named_with_its_line() -> None:
    assert one("skills/a.py", "x = 1\n# TO" + "DO later\n").unfinished == ["skills/a.py:2"]


def test_what_is_public_needs_a_docstring_and_what_is_private_or_inner_does_not() -> None:
    text = (
        'def a():\n    """A."""\n    def inner(): ...\n\ndef _b(): ...\nclass _C:\n    def d(self): ...\ndef e(): ...\n'
    )
    assert tidy.documented_percent([one("skills/a.py", text)]) == 50
