"""Compiled is only what lies there, for who wants it, where it can be made: tried on a house of a few lines."""

import ast
import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from deploy.compile import shapes
from router.compiled import LEFT_OUT, PLAIN, sources
from tests.architecture.tree import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.service, pytest.mark.timeout(300)]

ADDING = "def add(one: int, other: int) -> int:\n    return one + other\n"
ASKING = "from router.core.adding import add\nfrom router.compiled import core\nprint(core(), add(1, 2))\n"
FILES = {
    "skills/__init__.py": "",
    "queues/__init__.py": "",
    "router/__init__.py": "",
    "router/core/__init__.py": "",
    "router/core/adding.py": ADDING,
    "asking.py": ASKING,
}


class House:
    """A checkout with a core that can add, and a virtual environment in which it is compiled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        (packages,) = folder.glob("venv/lib/python*/site-packages")
        (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        for name in ("router/compiled.py", "deploy/compile.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run its Python, on its sources."""
        return subprocess.run(
            [self.folder / "venv/bin/python", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
            capture_output=True,
            text=True,
            check=True,
        )

    def compile(self, **environment: str) -> str:
        """What compiling says."""
        return self.run("deploy/compile.py", **environment).stderr

    def ask(self, **environment: str) -> str:
        """Which core adds, and to what."""
        return self.run("-m", "router.compiled", "asking", **environment).stdout.strip()

    def edit(self, text: str) -> None:
        """Another way to add."""
        (self.folder / "router/core/adding.py").write_text(text)

    def made(self) -> list[Path]:
        """What lies compiled."""
        return sorted((self.folder / "venv/lib/firstline").glob("*"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> House:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    house = House(tmp_path_factory.mktemp("house"))
    assert "done in" in house.compile()
    return house


@pytest.fixture
def house(compiled: House, tmp_path: Path) -> House:
    """The same for each test, as it was."""
    compiled.edit(ADDING)
    return compiled


def test_what_was_compiled_runs(house: House) -> None:
    assert house.ask() == "compiled 3"


def test_compiling_again_does_nothing(house: House) -> None:
    assert house.compile() == ""


def test_an_edit_runs_at_once_as_plain_python(house: House) -> None:
    house.edit(ADDING.replace("+", "-"))
    assert house.ask() == "plain Python -1"


def test_plain_python_can_be_asked_for(house: House) -> None:
    assert house.ask(**{PLAIN: "1"}) == "plain Python 3"


def test_a_process_that_began_with_plain_python_stays_with_it(house: House) -> None:
    begun = "import router.core.adding; from router.compiled import use, core; use(); print(core())"
    assert house.run("-c", begun).stdout == "plain Python\n"


def test_what_this_machine_cannot_load_is_left(house: House) -> None:
    (library,) = house.made()[0].glob("firstline__mypyc*")
    kept = library.read_bytes()
    library.write_bytes(b"of another machine")
    try:
        assert house.ask() == "plain Python 3"
    finally:
        library.write_bytes(kept)


def test_without_a_compiler_it_says_so_and_all_works(house: House) -> None:
    house.edit(ADDING + "\n# another one\n")
    before = house.made()
    told = house.compile(CC="no-such-compiler").splitlines()
    assert len(told) == 2 and "not possible here" in told[1] and "no-such-compiler" in told[1]
    assert house.ask() == "plain Python 3"
    assert house.made() == before


def test_what_does_not_compile_is_said_and_all_works(house: House) -> None:
    house.edit(ADDING.replace("return one + other", "return str(one + other)"))
    assert "router/core/adding.py:2: error:" in house.compile()
    assert house.ask() == "plain Python 3"


def test_what_was_made_of_other_sources_is_taken_away(compiled: House, tmp_path: Path) -> None:
    house = House(tmp_path)
    house.compile()
    (before,) = house.made()
    house.edit(ADDING.replace("+", "*"))
    house.compile()
    assert house.ask() == "compiled 2"
    (after,) = house.made()
    assert after != before


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_there_to_be(name: str) -> None:
    assert (ROOT / name).is_file()


def test_no_match_falls_through() -> None:
    """What mypyc makes of a match whose cases are all is undefined where, against its type, something else comes."""
    open_ended = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        if not shapes(path.read_text("utf-8"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Match) and not _takes_all(node.cases[-1])
    ]
    assert open_ended == []


def _takes_all(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
