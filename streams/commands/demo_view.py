"""What `demo` shows: lines as things happen, a status line below them, and a summary at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.batches import Processed
from streams.demonstration import Demonstration
from streams.gateway.beside import Addresses
from streams.map import colours_of
from streams.sentences import clock_time, is_eventful, movement, occurrence, reason_in_words
from streams.sketch import Sketch
from streams.told import DecisionTold, NoticeTold, OfferTold, TransitionTold, read_told

INDENT = 10
WIDEST = 118


class DemoView:
    """Tells what happens on `console`: live below a terminal's lines, plain lines into a pipe."""

    def __init__(self, console: Console, sketch: Sketch, name: str, speed: int) -> None:
        self._console = console
        self._sketch = sketch
        self._name = name
        self._speed = speed
        self._show: Demonstration | None = None
        self._live: Live | None = None

    @contextmanager
    def of(self, show: Demonstration) -> Iterator[None]:
        """Show it from the beginning to the end."""
        self._show = show
        self._console.print(
            Text.assemble(
                (self._name, "bold"),
                f": sample members on their way, about {self._speed} times as fast as they walk. Ctrl-C ends it.\n",
            )
        )
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._status, console=self._console, refresh_per_second=5, transient=True) as live:
            self._live = live
            yield
        self._live = None

    def say_doors(self, addresses: Addresses, key: str, member: str) -> None:
        """Where it can be reached while it runs, and what to ask there: the offers of `member`."""
        ops = f", ops port {addresses.ops}/metrics" if addresses.ops else ""
        asking = f'curl -H "Authorization: Bearer {key}" "{addresses.gateway}/v1/offers?member={member}"'
        self._console.print(Text(f"gateway {addresses.gateway}/docs{ops}", "dim"), soft_wrap=True)
        self._console.print(Text(f"{asking}\n", "dim"), soft_wrap=True)

    def tell(self, processed: Processed) -> None:
        """The lines of one batch."""
        told = [read_told(record.topic, record.value) for record in processed.records]
        offers = {each.id: each for each in told if isinstance(each, OfferTold)}
        for each in told:
            if isinstance(each, TransitionTold):
                self._tell_transition(each)
            elif isinstance(each, DecisionTold):
                self._tell_decision(each, offers.get(each.offer or ""))
            elif isinstance(each, NoticeTold):
                self._tell_notice(each)

    def _tell_transition(self, told: TransitionTold) -> None:
        words = movement(told, self._sketch.store_name(told.where))
        quiet = told.kind == "EXIT" or told.ring == "catchment"
        line = Text.assemble((clock_time(told.confirmed_at, self._sketch.rules.zone), "dim"), "  ")
        line.append(self._sketch.name_of(told.device), self._style_of(told.device))
        line.append(f" {words}", "dim" if quiet else "")
        self._console.print(line, soft_wrap=not self._console.is_terminal)

    def _tell_decision(self, told: DecisionTold, offer: OfferTold | None) -> None:
        if offer is not None:
            self._tell_offer(told, offer)
        elif is_eventful(told):
            name = self._sketch.members.get(told.member or "", told.member or "")
            words = reason_in_words(told.reason, told.detail)
            self._below(
                Text.assemble(("× ", "red"), (f"nothing for {name}: {words} ", "dim"), (told.reason or "", "red"))
            )

    def _tell_offer(self, told: DecisionTold, offer: OfferTold) -> None:
        name = self._sketch.members.get(offer.member, offer.member)
        came = occurrence(told.trigger, self._sketch.store_name(offer.store))
        if told.trigger.kind != "ENTER":
            self._below(Text(f"{name} {came}" if told.trigger.kind == "CHECK_IN" else f"for {name}, {came}", "dim"))
        self._below(Text.assemble(("→ ", "bold green"), (offer.text, "bold")))
        terms = [offer.campaign, f"coupon {offer.coupon.code}" if offer.coupon else ""]
        self._below(Text("  " + " · ".join(filter(None, terms)), "green"))

    def _tell_notice(self, notice: NoticeTold) -> None:
        store = self._sketch.store_name(notice.store)
        self._below(Text.assemble(("⌂ ", "bold yellow"), (f"told to {store}: ", "dim"), notice.text))

    def _below(self, text: Text) -> None:
        """Indented; lines into a pipe are not broken, for whoever reads them there."""
        if self._console.is_terminal:
            self._console.print(Padding(text, (0, 0, 0, INDENT), expand=False))
        else:
            self._console.print(Text.assemble(" " * INDENT, text), soft_wrap=True)

    def _style_of(self, device: str) -> str:
        return colours_of(self._sketch).get(device, "") + " bold"

    def _status(self) -> RenderableType:
        show = self._show
        if show is None or show.running_since is None:
            return Text("starting broker, Redis and worker …", "dim")
        tally, passed = show.tally, show.clock() - show.programme.start
        took = max(time.monotonic() - show.running_since, 0.001)
        line = (
            f"{self._time(show.clock())}   {tally.pings:,} pings, {tally.pings / took:,.0f}/s   "
            f"{tally.decisions['offered']} offers, {len(self._sketch.withheld)} withheld   "
            f"ping to processed: p50 {tally.latency(0.5):.1f} ms, p99 {tally.latency(0.99):.1f} ms"
        )
        bar = ProgressBar(total=show.programme.lasting, completed=passed, width=min(self._console.width, WIDEST))
        return Group(Text(""), Text(line, "bold", no_wrap=True, overflow="ellipsis"), bar)

    def _time(self, at: int) -> str:
        zone = self._sketch.rules.zone
        return clock_time(datetime.fromtimestamp(at / 1_000, zone), zone)

    def sum_up(self, show: Demonstration) -> None:
        """What it came to."""
        tally = show.tally
        self._console.print()
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold", min_width=16)
        table.add_column()
        took = time.monotonic() - (show.running_since or time.monotonic())
        rate = f"{tally.pings / took:,.0f} pings/s" if took > 0 else ""
        table.add_row("pings", f"{tally.pings:,} in {took:.0f} s ({rate}); {_dropped(tally.without_consent)}")
        table.add_row("from ping to done", f"p50 {tally.latency(0.5):.1f} ms, p99 {tally.latency(0.99):.1f} ms")
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.transitions.items()))
        table.add_row("transitions", counts or "none")
        table.add_row("offers", str(tally.decisions["offered"]))
        if self._sketch.notices:
            table.add_row("told to stores", str(len(self._sketch.notices)))
        withheld = [(reason, count) for reason, count in tally.decisions.most_common() if reason != "offered"]
        for place, (reason, count) in enumerate(withheld):
            words = Text.assemble(f"{count:>3} {reason:<14}", (reason_in_words(reason), "dim"))
            table.add_row("withheld" if place == 0 else "", words)
        self._console.print(table)

    def say_where(self, what: str, path: Path) -> None:
        """Where a file stands."""
        self._console.print(f"\n{what}: [bold]{path}[/]", highlight=False, soft_wrap=True)

    def say_next(self, config: Path, out: Path) -> None:
        """What to try after this."""
        shown = _short(config)
        first = next((offer.id for offer in self._sketch.offers), None)
        steps = [
            (f"chalandise replay {shown} {out}/events.jsonl", "the same day again, at once, after changing the rules"),
            (f"chalandise check --show {shown}", "the rules, with every default filled in"),
            (f"chalandise simulate {shown} --members 100", "more phones, as JSON lines"),
            (f"chalandise up {shown}", "broker, Redis and worker for your own pings"),
        ]
        if first is not None:
            steps.insert(0, (f"chalandise why {first} --from {out} --config {shown}", "how that offer came about"))
        self._console.print("\nTo try next:", style="bold")
        for command, words in steps:
            self._console.print(Text.assemble("  ", (command, "cyan")), soft_wrap=True)
            self._console.print(Text(f"      {words}", "dim"))


def _dropped(count: int) -> str:
    return f"{count:,} dropped unseen for want of consent" if count else "all with consent"


def _short(path: Path) -> str:
    """The path as it can be typed from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
