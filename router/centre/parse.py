"""A centre file's text to the records it describes, or everything that is wrong with it at once.

Nothing in the file is executed and nothing outside it is read. What must exist (a skill, a queue) is looked for in
the file and among `known`, the ids of a live centre that a partial file may name.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from queues.capacity import Room, circular
from router.centre import limits
from router.centre.convert import dialled, records
from router.centre.document import Document
from router.centre.reader import Place, Problem, Reader, TooMuch, near
from router.core.commands import CentreRecord
from router.core.state import Ref

_SHAPE = inspect.type_info(Document)
_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_START = Place(1, 1, "")
_SECTIONS = frozenset(Document.__struct_fields__)

Known = Mapping[str, Collection[str]]
"""Ids of live records by kind."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a good file says. `removals` are the records that it drops by name; `places` says where each key stands."""

    document: Document
    records: tuple[CentreRecord, ...]
    removals: tuple[Ref, ...]
    places: dict[str, Place] = {}

    @property
    def revision(self) -> int:
        """The state of the centre that the file was written against; 0 if none."""
        return self.document.revision


class CentreFileError(ValueError):
    """The file cannot be used. `problems` are in the order of their lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column))[: limits.PROBLEMS_MAX])
        super().__init__("\n".join(str(problem) for problem in self.problems))


def parse(text: str | bytes, known: Known | None = None) -> Parsed:
    """What the file says. Raises CentreFileError with every problem, each with line, column and key path."""
    node = _compose(_decoded(text))
    reader = Reader()
    try:
        document = reader.read(node, _SHAPE) if node is not None else Document()
    except TooMuch:
        reader.problem(_START, f"the file unfolds into more than {limits.NODES_MAX} values", "check its aliases")
        raise CentreFileError(reader.problems) from None
    if not _misnamed(reader):
        _check_references(reader, known or {})
    if not reader.problems:
        _check_meaning(document, reader)
    if reader.problems:
        raise CentreFileError(reader.problems)
    removals = (*document.remove, *(("skill", skill) for skill in document.skills_become))
    return Parsed(document=document, records=tuple(records(document)), removals=removals, places=reader.places)


def _decoded(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > limits.FILE_BYTES_MAX:
        raise _refused(_START, f"the file is larger than {limits.FILE_BYTES_MAX // 2**20} MiB")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
        raise _refused(Place(line, column, ""), "this is not UTF-8", "save the file as UTF-8") from error


def _compose(text: str) -> yaml.Node | None:
    """The node tree of a file that is one YAML document of bounded depth; None for an empty one."""
    try:
        _check_depth(text)
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        place = _marked(error.problem_mark or error.context_mark)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise _refused(place, f"this is not YAML: {what}", _advice(what)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(Place(line, 1, ""), "this character cannot stand in a file of text") from error
    return node


def _check_depth(text: str) -> None:
    """Refuse deep nesting before anything is composed: composing is recursive."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > limits.DEPTH_MAX:
                raise _refused(_marked(event.start_mark), "this is nested too deeply for a centre file")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _marked(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1, "") if mark else _START


def _advice(what: str) -> str:
    if "cannot start any token" in what:
        return "indent with spaces, not tabs, and quote texts that begin with @, `, % or *"
    if "mapping values are not allowed" in what:
        return "check the indentation of this line and the one before, and quote texts that hold ': '"
    if "scanning a tag" in what:
        return "put a text that begins with ! in quotes, or write not: trainee"
    if "did not find expected" in what or "could not find expected" in what:
        return "check indentation, quotes and brackets just before this place"
    return ""


def _refused(place: Place, message: str, hint: str = "") -> CentreFileError:
    return CentreFileError([Problem(line=place.line, column=place.column, path=place.path, message=message, hint=hint)])


# -- references ---------------------------------------------------------------------------------------------


def _misnamed(reader: Reader) -> bool:
    """Whether a whole section has a name that is none: then nothing that it defines is there to be referred to."""
    return any(problem.path.isidentifier() and problem.path not in _SECTIONS for problem in reader.problems)


def _check_references(reader: Reader, known: Known) -> None:
    for kind, id, place in reader.referred:
        here = reader.defined.get(kind, {})
        if id not in here and id not in known.get(kind, ()):
            hint = near(id, [*here, *known.get(kind, ())])
            reader.problem(place, f"there is no {kind} '{id}'", hint, f"unknown_{kind}")


# -- meaning ------------------------------------------------------------------------------------------------


def _check_meaning(document: Document, reader: Reader) -> None:
    """What types cannot say. Only asked of a file that is otherwise sound."""
    for path, message in (
        *_titles(document),
        *_overlaps(document),
        *_zero(document),
        *_circles(document),
        *_interruptions(document),
        *_addresses(document),
        *_removals(document),
    ):
        reader.problem(placed(reader.places, path), message)


def _titles(document: Document) -> Iterator[tuple[str, str]]:
    """Every title is given in each language that the file declares."""
    for section in ("skills", "queues", "teams", "categories"):
        for id, shape in getattr(document, section).items():
            yield from _title(document, f"{section}.{id}", f"{section}.{id}.names", shape.names)
    for name, shape in document.closings.items():
        yield from _title(document, f"closings.{name}", f"closings.{name}.names", shape.names)
    for kind, codes in document.codes.items():
        for name, names in codes.items():
            yield from _title(document, f"codes.{kind}.{name}", f"codes.{kind}.{name}", names)


def _title(document: Document, above: str, path: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    lacking = [language for language in document.languages if not names.get(language)]
    if lacking:
        yield (path if names else above), f"no name in {', '.join(lacking)}, which the file declares under 'languages'"


def _overlaps(document: Document) -> Iterator[tuple[str, str]]:
    for id, hours in document.hours.items():
        days = {f"weekly.{day}": getattr(hours.weekly, day) for day in hours.weekly.__struct_fields__}
        days |= {f"exceptions.{date}": spans for date, spans in hours.exceptions.items()}
        for day, spans in days.items():
            ordered = sorted(spans, key=lambda span: span.start)
            if any(after.start < before.end for before, after in itertools.pairwise(ordered)):
                yield f"hours.{id}.{day}", "these spans overlap"


def _zero(document: Document) -> Iterator[tuple[str, str]]:
    """A reservation lasts: with none an item would be held and lost in the same instant."""
    for id, queue in document.queues.items():
        if queue.reservation <= 0:
            yield f"queues.{id}.reservation", "agents need some time to accept; write it like 20s"
        for channel, lasts in queue.reservations.items():
            if lasts <= 0:
                yield f"queues.{id}.reservations.{channel}", "agents need some time to accept; write it like 20s"


def _circles(document: Document) -> Iterator[tuple[str, str]]:
    """A category is not its own ancestor, a queue does not escalate to itself."""
    for id in document.categories:
        seen = {id}
        above = document.categories[id].parent
        while above in document.categories and above not in seen:
            seen.add(above)
            above = document.categories[above].parent
        if above == id:
            yield f"categories.{id}.parent", "the category would be its own ancestor"
    for id, queue in document.queues.items():
        if queue.escalates_to == id:
            yield f"queues.{id}.escalates_to", "a queue cannot escalate to itself"


def _interruptions(document: Document) -> Iterator[tuple[str, str]]:
    """A call is never parked, and nothing interrupts what interrupts it."""
    for id, agent in document.agents.items():
        rooms = {
            str(channel): Room(maximum=room.maximum, weight=room.weight, interruptible_by=room.interruptible_by)
            for channel, room in (agent.rooms or {}).items()
        }
        phone = rooms.get("phone")
        if phone is not None and phone.interruptible_by:
            yield f"agents.{id}.rooms.phone.interruptible_by", "nobody can be told to wait in a call: leave it out"
        elif circular(rooms):
            yield f"agents.{id}.rooms", "something here could be interrupted by what it interrupts itself"


def _addresses(document: Document) -> Iterator[tuple[str, str]]:
    """Each number, mailbox and site leads to one entry point; each looks like one."""
    first: dict[tuple[str, str], str] = {}
    for id, point in document.entry_points.items():
        path = f"entry_points.{id}.address"
        address = dialled(point.address, document.default_region) if point.channel == "phone" else point.address
        before = first.setdefault((point.channel, address.casefold()), id)
        if before != id:
            yield path, f"the entry point '{before}' has this address already"
        if point.channel == "email" and (address.count("@") != 1 or address.strip("@") != address):
            yield path, f"'{address}' is not a mailbox; write it like help@centre.example"
    for id, endpoint in document.endpoints.items():
        if not endpoint.url.startswith(("https://", "http://")):
            yield f"endpoints.{id}.url", "a webhook URL begins with https:// (or http:// within your own network)"


def _removals(document: Document) -> Iterator[tuple[str, str]]:
    described = {
        ("entry_point" if section == "entry_points" else section.removesuffix("s"), id)
        for section in ("skills", "queues", "teams", "agents", "entry_points", "endpoints", "rules")
        for id in getattr(document, section)
    }
    described |= {("hours", id) for id in document.hours} | {("category", id) for id in document.categories}
    described |= {("code", f"{kind}:{name}") for kind, codes in document.codes.items() for name in codes}
    described |= {("code", f"closing:{name}") for name in document.closings}
    for skill in document.skills_become:
        if ("skill", skill) in described:
            yield (
                f"skills_become.{skill}",
                f"skill/{skill} is described above: a file cannot both describe and remove it",
            )
    gone = [*document.remove, *(("skill", skill) for skill in document.skills_become)]
    twice = {ref for ref, count in Counter(gone).items() if count > 1}
    for index, ref in enumerate(document.remove):
        if ref in described:
            yield f"remove[{index}]", f"{'/'.join(ref)} is described above: a file cannot both describe and remove it"
        elif ref in twice:
            yield f"remove[{index}]", f"{'/'.join(ref)} is named twice"


def placed(places: Mapping[str, Place], path: str) -> Place:
    """Where a path stands, or the nearest part above it."""
    above = path
    while above not in places and above:
        above = above.rpartition(".")[0]
    line, column, _ = places.get(above, _START)
    return Place(line, column, path)
