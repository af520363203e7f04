"""Each dependency is explained, locked with hashes, and of a licence that goes with ours."""

import re
import tomllib
from importlib.metadata import distributions, metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUN = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
GROUPS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["dependency-groups"].items()}
EXPLAINED = (ROOT / "docs" / "dependencies.md").read_text("utf-8")

INSTALLED = {canonicalize_name(each.metadata["Name"]) for each in distributions()}

COMPATIBLE = re.compile(
    r"\b(MIT|BSD|Apache|PSF|Python Software Foundation|MPL|Mozilla|ISC|GPL-3\.0|GPLv3)\b", re.IGNORECASE
)
"""Licences whose code may be part of a GPL-3.0 work."""


def locked(name: str) -> dict[str, str]:
    """Package -> version, as a lock pins them."""
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("wanted", [*RUN, *GROUPS["build"], *GROUPS["dev"]], ids=lambda wanted: wanted.name)
def test_a_dependency_is_explained(wanted: Requirement) -> None:
    assert f"`{canonicalize_name(wanted.name)}`" in EXPLAINED, "say in docs/dependencies.md why we need it"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("requirements.lock", [*RUN, *GROUPS["build"]]),
        ("requirements-dev.lock", [*RUN, *GROUPS["build"], *GROUPS["dev"]]),
    ],
)
def test_the_lock_covers_what_the_project_asks_for(name: str, wanted: list[Requirement]) -> None:
    pinned = locked(name)
    stale = [str(each) for each in wanted if pinned.get(canonicalize_name(each.name), "0") not in each.specifier]
    assert stale == [], "run `make lock`"


def test_tests_run_on_the_versions_that_run() -> None:
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_file_of_the_lock_has_a_hash(name: str) -> None:
    entries = re.split(r"^(?=[a-z0-9.-]+==)", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", sorted(locked("requirements.lock").keys() & INSTALLED))
def test_the_licence_of_what_we_ship_with_goes_with_ours(name: str) -> None:
    """Of each package that this platform needs; the others of the lock are for other platforms."""
    found = metadata(name)
    told = [text for field in ("License-Expression", "License", "Classifier") for text in found.get_all(field, [])]
    assert any(COMPATIBLE.search(text) for text in told), told


def test_our_own_licence_is_said_once_and_whole() -> None:
    assert PROJECT["project"]["license"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text("utf-8")
