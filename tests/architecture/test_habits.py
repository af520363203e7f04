"""What each change brings is where it belongs: fragments in changes/, decisions in their list."""

import re

from tests.architecture.tree import ROOT

KINDS = "added|changed|fixed|removed|security"


def test_a_fragment_is_named_after_its_issue_and_kind() -> None:
    names = [path.name for path in (ROOT / "changes").iterdir() if path.name != "README.md"]
    assert [name for name in names if not re.fullmatch(rf"\d+\.({KINDS})\.md", name)] == []


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    pages = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [name for name in pages if f"]({name})" not in listed] == []
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1)), "numbers are never reused"


def test_ci_calls_what_the_readme_says_and_nothing_else() -> None:
    script = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    called = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]
    assert called == ["make test"]
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
