"""Recorded GPS in `../shared/data`, as events, to be played among the stores of `config/examples/recorded`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import orjson

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
CONFIGS = ROOT / "config" / "examples" / "recorded"


@dataclass(frozen=True)
class Measured:
    """One recorded fix of one device."""

    device: str
    at: datetime
    lat: float
    lon: float
    accuracy: float | None = None


@dataclass(frozen=True)
class Recording:
    """A recorded file, and the configuration whose stores stand along it."""

    name: str
    file: str
    config: str
    retailer: str

    @property
    def path(self) -> Path:
        """Where the recording is, if it is there."""
        return DATA / self.file

    @property
    def config_path(self) -> Path:
        """The YAML."""
        return CONFIGS / self.config

    def measured(self) -> list[Measured]:
        """The fixes of all devices by time."""
        return sorted(_READERS[self.path.suffix](self.path), key=lambda fix: fix.at)

    def events(self) -> list[bytes]:
        """Members who consent, then the fixes by time, as phones would have sent them; the files are not sorted."""
        fixes = self.measured()
        return [*self._members(fixes), *(self._ping(fix) for fix in fixes)]

    def _members(self, fixes: list[Measured]) -> Iterator[bytes]:
        the_day_before = min(fix.at for fix in fixes) - timedelta(days=1)
        for device in dict.fromkeys(fix.device for fix in fixes):
            fields = {"member": f"sample-{device}", "first_name": device, "devices": [device], "consent": ["offers"]}
            yield self._event("member", the_day_before, fields)

    def _ping(self, fix: Measured) -> bytes:
        fields = {"device": fix.device, "lat": fix.lat, "lon": fix.lon}
        return self._event("ping", fix.at, fields | ({} if fix.accuracy is None else {"accuracy": fix.accuracy}))

    def _event(self, kind: str, at: datetime, fields: dict[str, object]) -> bytes:
        return orjson.dumps({"type": kind, "retailer": self.retailer, "at": at.isoformat(), **fields})


RECORDINGS = (
    Recording("phone day", "phone_day_google.csv", "phone-day.yaml", "sample-zurich"),
    Recording("buses", "liverpool_bus_route14.csv", "bus-route-14.yaml", "sample-liverpool"),
    Recording("lake walk", "cerknicko-jezero.gpx", "cerknica.yaml", "sample-cerknica"),
    Recording("car loop", "around-visnjan-with-car.gpx", "visnjan.yaml", "sample-visnjan"),
)


def _csv(path: Path) -> Iterator[Measured]:
    with path.open(encoding="utf-8", newline="") as file:
        delimiter = ";" if ";" in file.readline() else ","
        file.seek(0)
        for row in csv.DictReader(file, delimiter=delimiter):
            if "tracked_at" in row:
                device, at = f"phone-{row['user_id']}", row["tracked_at"]
            else:
                device, at = f"bus-{row['vehicle_id']}", row["timestamp"]  # in winter London's clock is UTC
            accuracy = float(row["accuracy"]) if row.get("accuracy") else None
            yield Measured(device, _utc(at), float(row["latitude"]), float(row["longitude"]), accuracy)


def _gpx(path: Path) -> Iterator[Measured]:
    for point in ElementTree.parse(path).iter():
        if point.tag.rpartition("}")[2] != "trkpt":
            continue
        at = next((child.text for child in point if child.tag.rpartition("}")[2] == "time"), None)
        if at is not None:
            yield Measured("recorder", _utc(at), float(point.attrib["lat"]), float(point.attrib["lon"]))


def _utc(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS = {".csv": _csv, ".gpx": _gpx}
