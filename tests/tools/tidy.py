"""Measures our own code and fails where a budget is broken. `make lint` prints its table.

The budgets are those of houses that are liked for their code: small functions, one noun per module, few mocks, no
sleeping. What ruff can say (parameters, missing module docstrings, line length) is left to ruff. Reads sources as
text and syntax trees only; imports nothing of ours, so that it also runs on code that is broken.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]

PARTS = (
    "skills",
    "queues",
    "router/core",
    "router/wire",
    "router/centre",
    "router/runtime",
    "router/api",
    "router/archive",
    "router/simulate",
    "router/bench",
    "router",
    "channels",
)
"""The rows of the table, a folder before the one that holds it: a module counts for the first that it lies in."""
PURE = ("skills", "queues", "router/core", "router/wire", "router/centre")

FUNCTION_LINES_MAX = 70  # longer, and a reader scrolls: it is more than one thing
FUNCTION_LINES_MEDIAN_MAX = 9  # the admired code bases lie at 4 to 9
FUNCTION_LINES_P90_MAX = 35  # and at 20 to 38
PURE_MODULE_LINES_MAX = 600  # a module holds one noun
MODULE_LINES_MAX = 800
PUBLIC_DOCSTRINGS_MIN = 75  # percent; what a name and its types say in full needs no sentence
MOCKS_PER_100_TESTS_MAX = 5  # a mock of our own code tests the mock
SLEEPS_PER_100_TESTS_MAX = 0  # wait for a condition (tests/support.py: eventually) or move the clock

LASTING = ("tests/simulate/", "tests/chaos/")
"""Where time has to pass: on the virtual clock, where it takes none, and in a round of chaos, whose faults last."""

UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b|pragma:\s*no\s*cover")
MOCKS = {"Mock", "MagicMock", "AsyncMock", "PropertyMock", "create_autospec", "patch"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """One function: where it stands, and how many of its lines are code (no docstring, comment or blank line)."""

    where: str
    name: str
    lines: int
    public: bool
    documented: bool


@dataclass
class Module:
    """What is measured of one file."""

    path: str
    lines: int
    functions: list[Function] = field(default_factory=list)
    tests: int = 0
    mocks: list[str] = field(default_factory=list)
    sleeps: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


def measure(path: str, text: str) -> Module:
    """The measures of the file `path` with this text. Raises SyntaxError for what is no Python."""
    tree = ast.parse(text)
    module = Module(path, text.count("\n"))
    code = code_lines(text)
    for node, public in functions_of(tree):
        spared = docstring_lines(node)
        lines = sum(1 for line in range(node.lineno, (node.end_lineno or 0) + 1) if line in code and line not in spared)
        documented = ast.get_docstring(node) is not None
        module.functions.append(Function(f"{path}:{node.lineno}", node.name, lines, public, documented))
        module.tests += node.name.startswith("test_")
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        where = f"{path}:{call.lineno}"
        module.mocks += [where] if is_mock(call) else []
        module.sleeps += [where] if is_sleep(call) else []
    for number, line in enumerate(text.splitlines(), 1):
        module.unfinished += [f"{path}:{number}"] if UNFINISHED.search(line) else []
    return module


def code_lines(text: str) -> set[int]:
    """The numbers of the lines that hold code."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def docstring_lines(node: FunctionNode) -> range:
    """The lines of the function's docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def functions_of(node: ast.AST, *, public: bool = True) -> Iterator[tuple[FunctionNode, bool]]:
    """Every function with whether it is public: no underscore in its name or its class, and not inside another."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            yield child, public and not child.name.startswith("_")
            yield from functions_of(child, public=False)
        elif isinstance(child, ast.ClassDef):
            yield from functions_of(child, public=public and not child.name.startswith("_"))
        else:
            yield from functions_of(child, public=public)


def is_mock(call: ast.Call) -> bool:
    """Whether the call makes a mock or patches something in place. `setenv` and `chdir` are no mocks."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in MOCKS:
            return True
        case ast.Attribute(value=ast.Name(id="mocker")) | ast.Attribute(value=ast.Name(id="patch")):
            return True
        case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr" | "setitem"):
            return True
        case _:
            return False


def is_sleep(call: ast.Call) -> bool:
    """Whether the call waits for time to pass. `asyncio.sleep(0)` only lets others run."""
    match call:
        case ast.Call(args=[ast.Constant(value=0)]):
            return False
        case ast.Call(func=ast.Name(id="sleep") | ast.Attribute(attr="sleep")):
            return True
        case _:
            return False


def sources(root: Path, folders: Iterable[str]) -> Iterator[Module]:
    """The measured Python files of these folders."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield measure(path.relative_to(root).as_posix(), path.read_text("utf-8"))


def part_of(path: str) -> str:
    """The row of the table that a module counts for."""
    return next(part for part in PARTS if path.startswith(part + "/"))


def p90(values: list[int]) -> int:
    """The value that nine tenths do not exceed."""
    return round(quantiles(values, n=10, method="inclusive")[-1]) if len(values) > 1 else sum(values)


def documented_percent(modules: Iterable[Module]) -> int:
    """How many of the public functions have a docstring."""
    public = [function for module in modules for function in module.functions if function.public]
    return round(100 * sum(function.documented for function in public) / max(1, len(public)))


def row(name: str, modules: list[Module]) -> str:
    """One line of the table."""
    lines = [module.lines for module in modules]
    code = [function.lines for module in modules for function in module.functions] or [0]
    long = sum(1 for value in code if value > FUNCTION_LINES_MAX)
    return (
        f"{name:<16}{len(modules):>8}{f'{median(lines):.0f} / {p90(lines)}':>14}"
        f"{sum(len(m.functions) for m in modules):>11}{f'{median(code):.0f} / {p90(code)}':>12}{long:>6}"
        f"{documented_percent(modules):>9} %"
    )


def table(product: list[Module], tests: list[Module]) -> str:
    """The measured table of our own code, as printed by `make lint`."""
    columns = f"{'lines md/p90':>14}{'functions':>11}{'code md/p90':>12}{'> 70':>6}{'documented':>11}"
    rows = [f"{'part':<16}{'modules':>8}{columns}"]
    for part in PARTS:
        mine = [module for module in product if part_of(module.path) == part]
        rows += [row(part, mine)] if mine else []
    count = max(1, sum(module.tests for module in tests))
    mocks = sum(len(module.mocks) for module in tests)
    sleeps = sum(len(module.sleeps) for module in tests if not module.path.startswith(LASTING))
    rows.append(row("all", product))
    rows.append(f"tests: {count}, mocks per 100: {100 * mocks / count:.1f}, sleeps per 100: {100 * sleeps / count:.1f}")
    return "\n".join(rows)


def broken(product: list[Module], tests: list[Module]) -> list[str]:
    """Each budget that is broken, as a sentence with the place."""
    found = [*too_long(product + tests), *too_long_on_the_whole(product), *mocked_or_slept(tests)]
    found += [f"{where}: unfinished" for module in product + tests for where in module.unfinished]
    percent = documented_percent(product)
    if product and percent < PUBLIC_DOCSTRINGS_MIN:
        found.append(
            f"{percent} % of the public functions are documented, at least {PUBLIC_DOCSTRINGS_MIN} % should be"
        )
    return found


def too_long(modules: list[Module]) -> Iterator[str]:
    """Functions and modules that are longer than any may be."""
    for module in modules:
        most = PURE_MODULE_LINES_MAX if module.path.startswith(tuple(part + "/" for part in PURE)) else MODULE_LINES_MAX
        if module.lines > most:
            yield f"{module.path}: {module.lines} lines, at most {most}: which two nouns does it hold?"
        for function in module.functions:
            if function.lines > FUNCTION_LINES_MAX:
                yield f"{function.where}: {function.name} has {function.lines} code lines, at most {FUNCTION_LINES_MAX}"


def too_long_on_the_whole(product: list[Module]) -> Iterator[str]:
    """Whether the usual function is small."""
    code = [function.lines for module in product for function in module.functions]
    if code and median(code) > FUNCTION_LINES_MEDIAN_MAX:
        yield f"the median function has {median(code):.0f} code lines, at most {FUNCTION_LINES_MEDIAN_MAX}"
    if code and p90(code) > FUNCTION_LINES_P90_MAX:
        yield f"a tenth of the functions is longer than {p90(code)} code lines, at most {FUNCTION_LINES_P90_MAX}"


def mocked_or_slept(tests: list[Module]) -> Iterator[str]:
    """Tests that patch our own code or wait for time to pass, beyond what is allowed."""
    count = max(1, sum(module.tests for module in tests))
    mocks = [where for module in tests for where in module.mocks]
    sleeps = [where for module in tests for where in module.sleeps if not where.startswith(LASTING)]
    pure = [where for where in mocks if where.startswith(tuple(f"tests/{part.split('/')[-1]}/" for part in PURE))]
    if pure:
        yield f"a pure part needs no mock: {', '.join(pure)}"
    if 100 * len(mocks) > MOCKS_PER_100_TESTS_MAX * count:
        yield f"{len(mocks)} mocks in {count} tests, at most {MOCKS_PER_100_TESTS_MAX} in 100: {', '.join(mocks)}"
    if 100 * len(sleeps) > SLEEPS_PER_100_TESTS_MAX * count:
        yield f"sleeping tests, wait for a condition instead: {', '.join(sleeps)}"


def main() -> int:
    """Print the table, then what is broken. 1 if anything is."""
    product = list(sources(ROOT, ("skills", "queues", "router", "channels")))
    tests = list(sources(ROOT, ("tests",)))
    print(table(product, tests))
    found = broken(product, tests)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
