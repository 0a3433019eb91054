"""What import-linter cannot see: calls of the clock in the pure packages, and effects of importing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("geofences", "offers")
ALL = (*PURE, "config", "streams")

# The system's clock, console and files, by the name of the call.
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today"}
IMPURE_CALLS |= {"read_text", "write_text", "read_bytes", "write_bytes"}

# Runs in a fresh interpreter. What modules do as they are imported shows in the interpreter's own audit events; only
# what our code does counts, not what a library does as we import it (Faust asks `file` about the interpreter).
IMPORT_ALL = """
import importlib, os, sys, threading
ROOT, SEEN = sys.argv[1], []
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.mkdir", "os.remove", "os.rename")

def is_ours(frame):
    while frame and "site-packages" not in frame.f_code.co_filename:
        if frame.f_code.co_filename.startswith(ROOT):
            return True
        frame = frame.f_back
    return False

def watch(event, arguments):
    writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    if (event in FORBIDDEN or writes) and is_ours(sys._getframe(1)):
        SEEN.append((event, *map(str, arguments[:2])))

sys.dont_write_bytecode = True
sys.addaudithook(watch)
for name in sys.argv[2:]:
    importlib.import_module(name)
print(*SEEN, *threading.enumerate()[1:], sep="\\n", end="")
"""


def modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def impurities(source: str) -> Iterator[str]:
    """Calls of the clock, the console and files; and chance, other than a `Random` that was given its seed."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"line {node.lineno}: {name}"
            case ast.Import(names=names) if "random" in [each.name for each in names]:
                yield f"line {node.lineno}: from random import Random, and nothing else of it"
            case ast.ImportFrom(module="random", names=names) if [each.name for each in names] != ["Random"]:
                yield f"line {node.lineno}: from random import Random, and nothing else of it"
            case ast.Call(func=ast.Name(id="Random"), args=[]):
                yield f"line {node.lineno}: Random without a seed"


def effects(source: str) -> Iterator[str]:
    """Statements at the top of a module that do more than say what something is."""
    harmless = (
        ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
        ast.Assign, ast.AnnAssign, ast.Assert,
    )  # fmt: skip
    for node in ast.parse(source).body:
        match node:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                continue
        if not isinstance(node, harmless):
            yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}"


@pytest.mark.parametrize("path", modules(*PURE), ids=dotted)
def test_the_pure_packages_ask_no_clock_no_file_and_no_chance(path: Path) -> None:
    assert list(impurities(path.read_text())) == []


@pytest.mark.parametrize("path", modules(*ALL), ids=dotted)
def test_a_module_only_defines(path: Path) -> None:
    assert list(effects(path.read_text())) == []


def test_importing_all_of_it_starts_writes_and_connects_nothing(tmp_path: Path) -> None:
    names = [dotted(path) for path in modules(*ALL) if path.stem != "__main__"]
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, f"{ROOT}/", *names],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "source",
    ["datetime.now()", "date.today()", "open('x')", "from random import choice", "Random()", "Path('x').read_text()"],
)
def test_an_impurity_is_seen(source: str) -> None:
    assert list(impurities(source))


@pytest.mark.parametrize(
    "source", ["app.start()", "for x in y: pass", "if True: import x", "with open('x') as f: pass"]
)
def test_an_effect_is_seen(source: str) -> None:
    assert list(effects(source))
