"""The map as one HTML file that needs nothing else: all walks, close-ups, a legend, offers, and what was withheld."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

from streams.map import BADGE, GLYPHS, NO_OFFER, Drawing, colours_of
from streams.map_views import views
from streams.sentences import clock_time, occurrence, reason_in_words
from streams.sketch import Sketch
from streams.told import DecisionTold, OfferTold

WIDTH = 960.0
GREY = "#374151"
MOST_LISTED = 60
"""Lines of a list; a long replay has more than anybody reads."""

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f6f5f1;color:#1f2937;font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1440px;margin:0 auto;padding:28px 24px 48px;display:grid;gap:24px;
grid-template-columns:minmax(0,1fr) 370px}
header{grid-column:1/-1}
h1{font-size:25px;line-height:1.2;margin:0 0 4px}
h2{font-size:15px;margin:0 0 10px}
header p{margin:0;color:#6b7280}
figure{margin:0 0 24px;background:#fff;border:1px solid #e3e0d8;border-radius:10px;overflow:hidden}
figcaption{padding:9px 16px;font-weight:600;border-bottom:1px solid #eceae4}
svg{display:block;width:100%;height:auto}
.ground{fill:#fbfaf7}
.catchment{fill:#dfe9f5;fill-opacity:.5;stroke:#9db7d5;stroke-width:1.2;stroke-dasharray:5 4}
.proximity{fill:#fde9c8;fill-opacity:.75;stroke:#dfab52;stroke-width:1.3}
.inside{fill:#f6c9b7;fill-opacity:.95;stroke:#cd7150;stroke-width:1.4}
.place{fill:#d9ead9;fill-opacity:.8;stroke:#7fa887;stroke-width:1.2}
.track{fill:none;stroke-width:2.2;stroke-opacity:.75;stroke-linejoin:round;stroke-linecap:round}
.fix{stroke:none;fill-opacity:.85}
.poor{fill-opacity:.3}
.mark{cursor:help}
.number{fill:#fff;font:700 12px system-ui,sans-serif;text-anchor:middle;dominant-baseline:central}
.store{font:600 14px system-ui,sans-serif;text-anchor:middle;fill:#1f2937;paint-order:stroke;stroke:#fff;
stroke-width:3.5px;stroke-linejoin:round}
.name{font:600 12.5px system-ui,sans-serif;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:3px;
stroke-linejoin:round}
.scale path{fill:none;stroke:#374151;stroke-width:1.6}
.scale text{font:12px system-ui,sans-serif;text-anchor:middle;fill:#374151}
section{background:#fff;border:1px solid #e3e0d8;border-radius:10px;padding:14px 16px;margin:0 0 18px}
ul{list-style:none;margin:0;padding:0}
li{display:grid;grid-template-columns:30px 1fr;gap:2px 10px;padding:8px 0;border-top:1px solid #f0eee8}
li:first-child{border-top:0;padding-top:0}
li svg{width:26px;height:26px;overflow:visible}
li p{margin:0}
small{color:#6b7280;font-size:13px}
.legend li{padding:3px 0;border:0;align-items:center}
.swatch{width:26px;height:15px}
@media(max-width:1000px){main{grid-template-columns:minmax(0,1fr)}}
"""

RINGS = (
    ("catchment", "catchment: the neighbourhood of a store"),
    ("proximity", "proximity: a few steps away"),
    ("inside", "inside the store"),
)
PLACE = ("place", "a named place that is no store")
NOTICE = '<path d="M-8 -2L0 -8L8 -2V8H-8Z" fill="#fff" stroke="#6b7280" stroke-width="1.8"/>'
"""A house."""
MARKS = (
    ("ENTER", "came into a ring"),
    ("EXIT", "left a ring"),
    ("DWELL", "stayed: a visit"),
    ("PASS_BY", "only passed by"),
)


def write_map(sketch: Sketch, path: Path, title: str) -> None:
    """Write the page to `path`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(sketch, title), "utf-8")


def page(sketch: Sketch, title: str) -> str:
    """The whole page."""
    return "\n".join(_page(sketch, title)) + "\n"


def _page(sketch: Sketch, title: str) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<style>{STYLE}</style></head><body><main>"
    yield f"<header><h1>{escape(title)}</h1><p>{escape(_summary(sketch))}</p></header><div>"
    for view in views(sketch):
        drawing = Drawing(sketch, view.box, WIDTH, sketch.rules.zone)
        yield f"<figure><figcaption>{escape(view.title)}</figcaption>{drawing.svg(view.title)}</figure>"
    yield "</div><aside>"
    yield from _offers(sketch)
    yield from _notices(sketch)
    yield from _withheld(sketch)
    yield from _legend(sketch)
    yield "</aside></main></body></html>"


def _summary(sketch: Sketch) -> str:
    fixes = sum(map(len, sketch.tracks.values()))
    kinds = Counter(told.kind for told in sketch.transitions)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in GLYPHS if kinds[kind])
    phones = f"{len(sketch.tracks)} phone{'s' if len(sketch.tracks) != 1 else ''}"
    return f"{phones}, {fixes:,} fixes; {counts or 'no transition'}; configuration {sketch.rules.hash}"


def _offers(sketch: Sketch) -> Iterator[str]:
    yield f"<section><h2>{len(sketch.offers) or 'No'} offer{'s' if len(sketch.offers) != 1 else ''}</h2><ul>"
    colours = _colours_by_member(sketch)
    for number, offer in enumerate(sketch.offers[:MOST_LISTED], 1):
        badge = BADGE.format(colour=colours.get(offer.member, GREY), number=number)
        yield f"<li>{_icon(badge)}<div>{_offer(sketch, offer)}</div></li>"
    yield f"</ul>{_rest(len(sketch.offers))}</section>"


def _offer(sketch: Sketch, offer: OfferTold) -> str:
    name = sketch.members.get(offer.member, offer.member)
    came = occurrence(offer.trigger, sketch.store_name(offer.store))
    at = clock_time(offer.created_at, sketch.rules.zone)
    terms = (offer.campaign, f"coupon {offer.coupon.code}" if offer.coupon else "")
    language = escape(offer.locale.replace("_", "-"))
    return (
        f'<p lang="{language}">{escape(offer.text)}</p><small>{at} · {escape(name)}: {escape(came)}<br>'
        f"{escape(' · '.join(filter(None, terms)))}</small>"
    )


def _notices(sketch: Sketch) -> Iterator[str]:
    """What the stores heard."""
    if not sketch.notices:
        return
    yield f"<section><h2>{len(sketch.notices)} told to the stores</h2><ul>"
    for notice in sketch.notices[:MOST_LISTED]:
        at, store = clock_time(notice.at, sketch.rules.zone), escape(sketch.store_name(notice.store))
        yield f"<li>{_icon(NOTICE)}<div><p>{escape(notice.text)}</p><small>{at} · to {store}</small></div></li>"
    yield f"</ul>{_rest(len(sketch.notices))}</section>"


def _withheld(sketch: Sketch) -> Iterator[str]:
    if not sketch.withheld:
        return
    yield f"<section><h2>{len(sketch.withheld)} withheld, and why</h2><ul>"
    for decision in sketch.withheld[:MOST_LISTED]:
        yield f"<li>{_icon(NO_OFFER)}<div>{_why(sketch, decision)}</div></li>"
    yield f"</ul>{_rest(len(sketch.withheld))}</section>"


def _why(sketch: Sketch, decision: DecisionTold) -> str:
    name = sketch.members.get(decision.member or "", decision.member or "somebody")
    came = occurrence(decision.trigger, sketch.store_name(decision.trigger.where))
    reason = reason_in_words(decision.reason, decision.detail)
    at = clock_time(decision.at, sketch.rules.zone)
    return (
        f"<p>{escape(name)}: {escape(reason)}</p><small>{at} · {escape(came)} · {escape(decision.reason or '')}</small>"
    )


def _rest(count: int) -> str:
    return f"<small>and {count - MOST_LISTED:,} more</small>" if count > MOST_LISTED else ""


def _legend(sketch: Sketch) -> Iterator[str]:
    yield '<section class="legend"><h2>Legend</h2><ul>'
    for name, words in (*RINGS, PLACE) if sketch.places else RINGS:
        swatch = f'<rect class="{name}" x="1" y="1" width="24" height="13" rx="3"/>'
        yield f'<li><svg class="swatch" viewBox="0 0 26 15" aria-hidden="true">{swatch}</svg><span>{words}</span></li>'
    for kind, words in MARKS:
        yield f"<li>{_icon(GLYPHS[kind].format(colour=GREY))}<span>{words}</span></li>"
    yield f"<li>{_icon(BADGE.format(colour=GREY, number='n'))}<span>an offer</span></li>"
    yield f"<li>{_icon(NO_OFFER)}<span>an offer withheld</span></li>"
    for device, colour in list(colours_of(sketch).items())[:MOST_LISTED]:
        line = f'<path class="track" d="M-11 0H11" stroke="{colour}"/>'
        yield f"<li>{_icon(line)}<span>{escape(sketch.name_of(device))}</span></li>"
    yield "</ul><small>Point at a mark to read what happened and when.</small></section>"


def _icon(glyph: str) -> str:
    return f'<svg viewBox="-13 -13 26 26" aria-hidden="true">{glyph}</svg>'


def _colours_by_member(sketch: Sketch) -> dict[str, str]:
    colours = colours_of(sketch)
    return {told.member: colours[told.device] for told in sketch.transitions if told.member and told.device in colours}
