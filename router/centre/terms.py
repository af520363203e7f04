"""The longer way to write terms of a requirement, beside `french|dutch: 3` and `"!trainee": 1`:

    any: [french, dutch]                    either of them, at level 1
    any: {of: [french, dutch], level: 3}    at that level; a list of such for several
    not: trainee                            not that, at whatever level; a list for several
    not: {trainee: 3}                       not at that level or more

A skill may be called `any` or `not` all the same: its level is a number.
"""

from typing import Final, NamedTuple

import yaml

from router.centre import limits
from skills import PROFICIENCY_MIN
from skills.requirement import ALTERNATIVE, EXCLUSION

ANY: Final = "any"
NOT: Final = "not"
_HOW: Final = {
    ANY: "write any: [french, dutch], or any: {of: [french, dutch], level: 3}",
    NOT: "write not: trainee, not: [trainee, intern], or not: {trainee: 3} (not at that level or more)",
}
_YAML: Final = "tag:yaml.org,2002:"
_INTEGER: Final = _YAML + "int"


class Asked(NamedTuple):
    """A term as the file could have said it shortly; `level` is None where the file says none."""

    text: str
    level: yaml.Node | None

    def at_level(self, node: yaml.Node) -> yaml.Node:
        """The node of its level; the lowest, at the place of `node`, where the file says none."""
        return self.level or yaml.ScalarNode(_INTEGER, str(PROFICIENCY_MIN), node.start_mark, node.end_mark)


class Malformed(ValueError):
    """It is none of the forms; `hint` says how they are written."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def is_long(key: str, node: yaml.Node) -> bool:
    """Whether this is no skill and its level, but the longer way to write terms."""
    return key in _HOW and node.tag != _INTEGER


def unfolded(key: str, node: yaml.Node) -> list[Asked]:
    """The terms that a key and its value stand for, at least one. Raises Malformed."""
    if isinstance(node, yaml.CollectionNode) and len(node.value) > limits.TERM_SKILLS_MAX:
        raise Malformed(f"'{key}' names more than {limits.TERM_SKILLS_MAX} skills", "let them be one skill")
    found = _alternatives(node) if key == ANY else _exclusions(node)
    if not found:
        raise Malformed(f"'{key}' names no skill", _HOW[key])
    return found


def _alternatives(node: yaml.Node) -> list[Asked]:
    if isinstance(node, yaml.SequenceNode) and any(not isinstance(part, yaml.ScalarNode) for part in node.value):
        return [_either(part) for part in node.value]
    return [_either(node)]


def _either(node: yaml.Node) -> Asked:
    """One of several skills, at one level for all of them."""
    level = None
    if isinstance(node, yaml.MappingNode):
        said = {key.value: part for key, part in node.value if isinstance(key, yaml.ScalarNode)}
        if "of" not in said or not said.keys() <= {"of", "level"}:
            raise Malformed("alternatives share one level", _HOW[ANY])
        node, level = said["of"], said.get("level")
    if not isinstance(node, yaml.SequenceNode) or not 0 < len(node.value) <= limits.TERM_SKILLS_MAX:
        raise Malformed("alternatives are a list of skills", _HOW[ANY])
    return Asked(ALTERNATIVE.join(_skill(part, ANY) for part in node.value), level)


def _exclusions(node: yaml.Node) -> list[Asked]:
    if isinstance(node, yaml.MappingNode):
        return [Asked(EXCLUSION + _skill(key, NOT), level) for key, level in node.value]
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [Asked(EXCLUSION + _skill(part, NOT), None) for part in parts]


def _skill(node: yaml.Node, key: str) -> str:
    plain = isinstance(node, yaml.ScalarNode) and node.tag.startswith(_YAML)
    if not plain or not node.value or node.value.startswith(EXCLUSION):
        raise Malformed(f"'{key}' takes skills", _HOW[key])
    return str(node.value)
