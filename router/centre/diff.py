"""What a file would change in a live centre, and the one command that changes it.

Three things keep a file from undoing what supervisors did: a record that was changed live after the file's revision
is a conflict until somebody says which side to take; every change carries the revision that was compared, so the
core refuses it when somebody is quicker; and only what the file names under `remove` is ever dropped.
"""

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from router.centre.export import written
from router.centre.parse import Parsed
from router.core.commands import ApplyCentre, CentreRecord, Change
from router.core.state import CENTRE_KINDS, Ref, State

Take: TypeAlias = Literal["file", "live"]


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference. Of a changed record each field is one, with both values as the file writes them.

    `conflict`: the record was changed live after the file's revision, and nobody has said which side to take.
    """

    kind: str
    id: str
    what: Literal["added", "changed", "removed"]
    field: str = ""
    live: Any = None
    file: Any = None
    conflict: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying would do. `command` is None while there are conflicts, or when there is nothing to do.

    `kept` are the records left as they are live because `take` was "live".
    """

    differences: tuple[Difference, ...]
    conflicts: tuple[Ref, ...]
    kept: tuple[Ref, ...]
    command: ApplyCentre | None


def compare(state: State, parsed: Parsed, take: Take | None = None) -> Plan:
    """What the file would change in the live centre. `take` settles conflicts for one side."""
    differences: list[Difference] = []
    changes: list[Change] = []
    conflicts: list[Ref] = []
    kept: list[Ref] = []
    for ref, record in _named(parsed):
        live: CentreRecord | None = state.get(ref)
        if _same(live, record):
            continue
        newer = live is not None and live.revision > parsed.revision
        if newer and take == "live":
            kept.append(ref)
            continue
        conflict = newer and take is None
        if conflict:
            conflicts.append(ref)
        differences.extend(_differences(ref, live, record, conflict))
        becomes = parsed.document.skills_become.get(ref[1]) if record is None and ref[0] == "skill" else None
        seen = live.revision if live is not None else 0
        changes.append(Change(kind=ref[0], id=ref[1], record=record, seen=seen, becomes=becomes))
    command = ApplyCentre(changes=tuple(changes)) if changes and not conflicts else None
    return Plan(differences=tuple(differences), conflicts=tuple(conflicts), kept=tuple(kept), command=command)


def known(state: State) -> dict[str, frozenset[str]]:
    """The ids of a live centre by kind: what a partial file may name without describing it."""
    return {kind: frozenset(state.table(kind)) for kind in CENTRE_KINDS}


def _named(parsed: Parsed) -> Iterator[tuple[Ref, CentreRecord | None]]:
    """Everything that the file speaks of: what it describes, then what it removes."""
    for record in parsed.records:
        yield (str(record.__struct_config__.tag), record.id), record
    for ref in sorted(parsed.removals, key=lambda ref: -CENTRE_KINDS.index(ref[0])):
        yield ref, None


def _same(live: CentreRecord | None, record: CentreRecord | None) -> bool:
    if live is None or record is None:
        return live is record
    return bool(msgspec.structs.replace(live, revision=0) == msgspec.structs.replace(record, revision=0))


def _differences(
    ref: Ref, live: CentreRecord | None, record: CentreRecord | None, conflict: bool
) -> Iterator[Difference]:
    kind, id = ref
    if live is None:
        yield Difference(kind=kind, id=id, what="added")
    elif record is None:
        yield Difference(kind=kind, id=id, what="removed", conflict=conflict)
    else:
        before, after = _flat(written(live)), _flat(written(record))
        for field in sorted({*before, *after}):
            if before.get(field) != after.get(field):
                yield Difference(
                    kind=kind,
                    id=id,
                    what="changed",
                    field=field,
                    live=before.get(field),
                    file=after.get(field),
                    conflict=conflict,
                )


def _flat(fields: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys, so that one changed skill is one line."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if isinstance(value, dict) and value:
            found.update(_flat(value, f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found
