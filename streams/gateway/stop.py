"""`/v1/stop`: the address in each offer that ends them all, in one step and without a login.

GET shows a page with one button and changes nothing, because mail programs and link scanners fetch addresses ahead of
their readers. POST stops: from that button, or in one click by RFC 8058. The token in the address is all that is asked
for; it is the member's own, signed with the retailer's secret.
"""

from __future__ import annotations

import hmac
from html import escape

import msgspec
from fastapi import APIRouter, Request, Response

from offers.members import Consent
from offers.stopping import stop_token
from streams import topics
from streams.errors import InfrastructureError
from streams.gateway.doors import Doors
from streams.gateway.gateway import answering, gateway_of
from streams.gateway.outage import RETRY_AFTER
from streams.member_changes import change_preference
from streams.merging import member_named
from streams.messages import Preference
from streams.records import Outgoing

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

PAGE = """\
<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stop</title>
<style>
body {{ font: 1.1em/1.5 system-ui, sans-serif; max-width: 30em; margin: 3em auto; padding: 0 1em; }}
button {{ font: inherit; padding: .7em 1.2em; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_ASKING = """\
<p>Ne plus recevoir d’offres de <b>{retailer}</b>&nbsp;?</p>
<p lang="en">Stop all offers from <b>{retailer}</b>?</p>
<form method="post"><button>Stop</button></form>"""
_STOPPED = """\
<p>C’est fait&nbsp;: plus d’offres de <b>{retailer}</b>.</p>
<p lang="en">Done: no more offers from <b>{retailer}</b>.</p>"""
_WRONG = """\
<p>Cette adresse n’est pas valable. Copiez-la en entier.</p>
<p lang="en">This address is not valid. Copy all of it.</p>"""
_LATER = """\
<p>Impossible pour l’instant. Réessayez dans quelques secondes.</p>
<p lang="en">Not possible just now. Please try again in a few seconds.</p>"""

_RESPONSES: dict[int | str, dict[str, str]] = {
    403: {"description": "Not a member's own address."},
    503: {"description": "Not now; come again after `Retry-After` seconds."},
}
router = APIRouter()


@router.get("/v1/stop", response_class=Response, responses={**_RESPONSES, 200: {"content": {"text/html": {}}}})
async def ask_to_stop(request: Request, retailer: str = "", member: str = "", token: str = "") -> Response:
    """A page with one button; nothing is changed."""
    if not _is_own(gateway_of(request).doors, retailer, member, token):
        return _page(403, _WRONG)
    return _page(200, _ASKING, retailer)


@router.post("/v1/stop", response_class=Response, responses={**_RESPONSES, 200: {"content": {"text/html": {}}}})
async def stop(request: Request, retailer: str = "", member: str = "", token: str = "") -> Response:
    """No more offers for this member: it holds once this is answered with 200. Again is the same."""
    gateway = gateway_of(request)
    if not _is_own(gateway.doors, retailer, member, token):
        return _page(403, _WRONG)
    try:
        async with answering(request):
            preference = await _take_effect(retailer, member, gateway.doors)
            await gateway.producer.produce([_record(preference)])
    except InfrastructureError as error:
        gateway.outage.failed(error)
        return _page(503, _LATER)
    return _page(200, _STOPPED, retailer)


def _is_own(doors: Doors, retailer: str, member: str, token: str) -> bool:
    """Whether `token` is the one of this member's `stop_url`; as long for a retailer that there is not."""
    known = doors.retailers.get(retailer)
    own = stop_token(retailer, member, b"nobody's" if known is None else known.secret)
    return hmac.compare_digest(own.encode(), token.encode("utf-8", "surrogatepass")) and known is not None


async def _take_effect(retailer: str, member: str, doors: Doors) -> Preference:
    """Let it hold in Redis, and clear the member's list; a wish said by a clock that is ahead does not outlive it."""
    while True:
        member = await member_named(retailer, member, doors.tables)
        consent: Consent = (await doors.tables.members.read("consent", f"{retailer}|{member}")).value
        at = max(doors.clock(), consent.wish_at)
        preference = Preference(retailer=retailer, member=member, at=at, contact="stop")
        await change_preference(preference, doors.tables, doors.retailers)
        consent = (await doors.tables.members.read("consent", f"{retailer}|{member}")).value
        if not consent.lets_offers_out:
            return preference


def _record(preference: Preference) -> Outgoing:
    key = f"{preference.retailer}|{preference.member}"
    return Outgoing(topics.PREFERENCES.name, key.encode(), msgspec.json.encode(preference))


def _page(status: int, body: str, retailer: str = "") -> Response:
    content = PAGE.format(body=body.format(retailer=escape(retailer)))
    headers = HEADERS | ({"Retry-After": str(RETRY_AFTER)} if status == 503 else {})
    return Response(content, status, headers=headers, media_type="text/html")
