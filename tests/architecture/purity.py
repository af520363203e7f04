"""The ban list of the pure packages: what would make one history give two states, each with what to do instead.

Read from the syntax tree, file by file. A set is known by how its name is bound or annotated in the same file, which
finds the slips of a careful author; the run under two hash seeds (test_purity.py) finds the rest.
"""

import ast
from collections.abc import Iterator

CLOCK = "the instant is an argument (`now`), it enters through the log"
CHANCE = "ids and choices come with the command, from the Ids port"
OUTSIDE = "reading and writing belong behind a port in router.runtime"
WAITING = "the core is called and returns; waiting belongs to router.runtime"
LOGGING = "say it with an event or a rejection; the caller logs"
ORDER = "the order of a set changes from run to run: sort it, or keep a dict"

IMPORTS = {
    "time": CLOCK,
    "sched": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": CHANCE,
    "os": OUTSIDE,
    "sys": OUTSIDE,
    "io": OUTSIDE,
    "pathlib": OUTSIDE,
    "tempfile": OUTSIDE,
    "shutil": OUTSIDE,
    "socket": OUTSIDE,
    "ssl": OUTSIDE,
    "subprocess": OUTSIDE,
    "signal": OUTSIDE,
    "sqlite3": OUTSIDE,
    "sqlalchemy": OUTSIDE,
    "redis": OUTSIDE,
    "aiohttp": OUTSIDE,
    "socketio": OUTSIDE,
    "urllib": OUTSIDE,
    "http": OUTSIDE,
    "asyncio": WAITING,
    "threading": WAITING,
    "multiprocessing": WAITING,
    "concurrent": WAITING,
    "contextvars": WAITING,
    "logging": LOGGING,
    "structlog": LOGGING,
    "warnings": LOGGING,
}
CALLS = {
    "open": OUTSIDE,
    "input": OUTSIDE,
    "print": LOGGING,
    "hash": "differs from run to run: use hashlib, or the value itself as key",
    "id": "differs from run to run: use the record's own id",
    "float": "times, scores and levels are integers",
}
METHODS = {
    "now": CLOCK,
    "utcnow": CLOCK,
    "today": CLOCK,
    "timestamp": "times are integers: count in ticks",
    "read_text": OUTSIDE,
    "write_text": OUTSIDE,
}


def impurities(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what it is and what to do instead) for everything banned in this module."""
    sets = set_names(tree)
    for node in ast.walk(tree):
        yield from banned_import(node)
        yield from banned_call(node)
        yield from iterated_set(node, sets)
        if isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
            yield node.lineno, f"async: {WAITING}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield node.lineno, "division into a fraction: times, scores and levels are integers, use //"


def banned_import(node: ast.AST) -> Iterator[tuple[int, str]]:
    """What an import statement brings in that may not be here."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    for name in names:
        instead = IMPORTS.get(name.split(".")[0])
        if instead:
            yield node.lineno, f"import {name}: {instead}"  # type: ignore[attr-defined]


def banned_call(node: ast.AST) -> Iterator[tuple[int, str]]:
    """A call whose answer is not the same in each run, or that reaches outside."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield node.lineno, f"{name}(): {CALLS[name]}"
        case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
            yield node.lineno, f".{name}(): {METHODS[name]}"


def set_names(tree: ast.Module) -> set[str]:
    """Names and attributes that this module binds or annotates as sets."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation) if _annotates_set(annotation):
                names.add(ast.unparse(target))
            case ast.arg(arg=name, annotation=ast.expr() as annotation) if _annotates_set(annotation):
                names.add(name)
            case ast.Assign(targets=[target], value=value) if is_set(value, names):
                names.add(ast.unparse(target))
    return names


def _annotates_set(annotation: ast.expr) -> bool:
    text = ast.unparse(annotation).removeprefix("Final[")
    return text.startswith(("set[", "frozenset[", "AbstractSet[", "Set["))


def is_set(node: ast.expr, names: set[str]) -> bool:
    """Whether the value of an expression is plainly a set."""
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub(), right=right):
            return is_set(left, names) or is_set(right, names)
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case _:
            return False


def iterated_set(node: ast.AST, sets: set[str]) -> Iterator[tuple[int, str]]:
    """A set walked through where the order shows."""
    if isinstance(node, ast.For | ast.comprehension) and is_set(node.iter, sets):
        yield node.iter.lineno, f"iteration over a set: {ORDER}"
    elif isinstance(node, ast.Starred) and is_set(node.value, sets):
        yield node.lineno, f"unpacking of a set: {ORDER}"
    elif isinstance(node, ast.Call) and any(is_set(argument, sets) for argument in node.args):
        match node.func:
            case ast.Name(id="list" | "tuple" | "iter" | "enumerate" | "map" | "filter" | "dict"):
                yield node.lineno, f"iteration over a set: {ORDER}"
            case ast.Attribute(attr="join" | "extend" | "fromkeys"):
                yield node.lineno, f"iteration over a set: {ORDER}"
            case _:
                pass
