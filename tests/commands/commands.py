"""Running `chalandise` as a process, as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARIS = ROOT / "config" / "examples" / "galerie-lumiere.yaml"
MAIN = [sys.executable, "-c", "from streams.commands import main; main()"]


def environment(settings: dict[str, str]) -> dict[str, str]:
    """That of this process, without settings of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHALANDISE_")}
    return clean | {"PYTHONPATH": str(ROOT), "COLUMNS": "300", "CHALANDISE_OPS_PORT": "0"} | settings


def chalandise(
    *arguments: object, timeout: float = 60, cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """The finished process; `settings` are environment variables."""
    return subprocess.run(
        [*MAIN, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=environment(settings),
        timeout=timeout,
        cwd=cwd,
        check=False,
    )


def started(*arguments: object, **settings: str) -> subprocess.Popen[str]:
    """The running process."""
    return subprocess.Popen(
        [*MAIN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(settings),
    )
