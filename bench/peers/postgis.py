"""PostGIS: which zones hold a place. A PostgreSQL of its own, in a temporary folder, on a loopback port.

The zones stand in a table of geometries with a GiST index. One place is asked with a prepared statement, 256 by joining
a statement's own arrays, all of them by joining a table that has a GiST index as well. What it costs is the CPU time of
the server process that answers; nothing runs in parallel to it, and of the client nothing is counted.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from geofences.rings import Zone, outline

MISSING = "PostGIS is not here; to hold against it: apt-get install postgresql postgis postgresql-NN-postgis-3"
ACCOUNT = "postgres"
"""Who runs the server where we are root, which it refuses."""
SETTINGS = ("fsync=off", "autovacuum=off", "jit=off", "max_parallel_workers_per_gather=0", "shared_buffers=512MB")
END = "-- end --"
TICKS = os.sysconf("SC_CLK_TCK")


def programs() -> Path | None:
    """Where Debian keeps the programs of the newest PostgreSQL that has PostGIS."""
    for server in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        extension = Path("/usr/share/postgresql") / server.parent.name / "extension" / "postgis.control"
        if extension.exists() and (server / "initdb").exists():
            return server
    return None


@contextmanager
def postgis(zones: Sequence[Zone]) -> Iterator[PostGis | None]:
    """A server with these zones; None where PostGIS is not installed."""
    server = programs()
    if server is None:
        yield None
        return
    account = ACCOUNT if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgis-"))
    try:
        if account is not None:
            shutil.chown(folder, account)
        with _server(server, folder, account) as port, _session(server, port, account) as session:
            yield PostGis(session, zones)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str | Path], folder: Path, account: str | None) -> None:
    nowhere = subprocess.DEVNULL
    subprocess.run(command, user=account, cwd=folder, check=True, stdout=nowhere, stderr=nowhere)


@contextmanager
def _server(programs: Path, folder: Path, account: str | None) -> Iterator[int]:
    data, port = folder / "data", _free_port()
    initdb = [programs / "initdb", "-D", data, "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"]
    _run(initdb, folder, account)
    options = " ".join(f"-c {setting}" for setting in SETTINGS)
    options += f" -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    control = [programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w"]
    _run([*control, "-o", options, "start"], folder, account)
    try:
        yield port
    finally:
        _run([*control, "-m", "immediate", "stop"], folder, account)


@contextmanager
def _session(programs: Path, port: int, account: str | None) -> Iterator[subprocess.Popen[str]]:
    command = [programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", ACCOUNT]
    home = pwd.getpwnam(account).pw_dir if account else None
    pipe = subprocess.PIPE
    session = subprocess.Popen([*command, "postgres"], user=account, cwd=home, stdin=pipe, stdout=pipe, text=True)
    try:
        yield session
    finally:
        _of(session.stdin).close()
        session.wait()


class PostGis:
    """One session, and the process that serves it."""

    def __init__(self, session: subprocess.Popen[str], zones: Sequence[Zone]) -> None:
        self._in, self._out = _of(session.stdin), _of(session.stdout)
        self._ask(
            "CREATE EXTENSION postgis; CREATE TABLE zones (number int PRIMARY KEY, shape geometry(Geometry, 4326));"
        )
        rows = (f"{n}\tSRID=4326;{outline(zone.geofences[0].shape).wkt}\n" for n, zone in enumerate(zones))
        self._in.write("COPY zones FROM stdin;\n" + "".join(rows) + "\\.\n")
        self._ask("CREATE INDEX ON zones USING gist (shape); VACUUM ANALYZE zones;")
        self._ask(
            "PREPARE holds_one(float8, float8) AS SELECT number FROM zones"
            " WHERE ST_Intersects(shape, ST_SetSRID(ST_MakePoint($1, $2), 4326));"
            "PREPARE holds(float8[], float8[]) AS SELECT p.n - 1, z.number"
            " FROM unnest($1, $2) WITH ORDINALITY AS p(lon, lat, n) JOIN zones z"
            " ON ST_Intersects(z.shape, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326));"
        )
        self._process = int(self._ask("SELECT pg_backend_pid();")[0])

    @property
    def cpu_seconds(self) -> float:
        """Used so far by the process that answers."""
        fields = Path(f"/proc/{self._process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def load(self, lons: Sequence[float], lats: Sequence[float]) -> None:
        """Places for `join`."""
        self._ask("DROP TABLE IF EXISTS places; CREATE TABLE places (number int, place geometry(Point, 4326));")
        rows = (f"{n}\tSRID=4326;POINT({lon!r} {lat!r})\n" for n, (lon, lat) in enumerate(zip(lons, lats, strict=True)))
        self._in.write("COPY places FROM stdin;\n" + "".join(rows) + "\\.\n")
        self._ask("CREATE INDEX ON places USING gist (place); VACUUM ANALYZE places;")

    def join(self) -> int:
        """How many pairs there are of a place of the table and a zone that holds it."""
        (count,) = self._ask("SELECT count(*) FROM places p JOIN zones z ON ST_Intersects(z.shape, p.place);")
        return int(count)

    def holds_one(self, lon: float, lat: float) -> list[int]:
        """Numbers of the zones that hold a place."""
        return sorted(map(int, self._ask(f"EXECUTE holds_one({lon!r}, {lat!r});")))

    def holds(self, lons: Sequence[float], lats: Sequence[float]) -> list[tuple[int, int]]:
        """Pairs of the numbers of place and zone."""
        told = self._ask(f"EXECUTE holds({_array(lons)}, {_array(lats)});")
        return sorted((int(place), int(zone)) for place, _, zone in (line.partition("|") for line in told))

    def _ask(self, statements: str) -> list[str]:
        """The lines of all answers."""
        self._in.write(f"{statements}\n\\echo {END}\n")
        self._in.flush()
        lines = []
        while (line := self._out.readline()) != f"{END}\n":
            if not line:
                raise RuntimeError(f"psql ended at: {statements[:200]}")
            lines.append(line.rstrip("\n"))
        return lines


def _array(numbers: Sequence[float]) -> str:
    return f"'{{{','.join(map(repr, numbers))}}}'"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _of(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("psql has no pipe")
    return stream
