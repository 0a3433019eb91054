"""From what a retailer wrote to what decides: `Rules` for offers, zones for geofences, and the hash that names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from zoneinfo import ZoneInfo

import orjson
from shapely import to_wkb

from config import language
from config.campaign_rules import campaign_rules, notice_rules, shelves
from config.checking import Shapes
from config.geography import country_at, country_of
from config.opening_hours import WrittenHours
from geofences.rings import Geofence, Ring, RingPolicy, Zone, default_policy
from offers import campaigns
from offers.contact_policy import Cap, ContactPolicy, Newcomers
from offers.products import Product, Rating


@dataclass(frozen=True)
class RetailerConfig:
    """One retailer, ready to run. `description` has every default filled in."""

    file: str
    description: language.Description
    rules: campaigns.Rules
    zones: tuple[Zone, ...]
    places: tuple[Zone, ...] = ()
    """Those of the named places, each with one outline."""

    @property
    def retailer(self) -> str:
        """The retailer's id."""
        return self.rules.retailer


def compile_retailer(description: language.Description, shapes: Shapes, file: str) -> RetailerConfig:
    """Compile a description without findings; `shapes` are those of its rings."""
    full = filled(description, shapes)
    stores, places = (tuple(_zone(each, shapes) for each in named) for named in (full.stores, full.places))
    return RetailerConfig(file, full, _rules(full, shapes), stores, places)


def filled(description: language.Description, shapes: Shapes) -> language.Description:
    """`description` with each default written out, so that it says what will be done."""
    stores = tuple(_filled_store(store, description, shapes) for store in description.stores)
    name = description.name or description.retailer
    places = tuple(_filled_place(place, shapes) for place in description.places)
    return description.model_copy(update={"name": name, "stores": stores, "places": places})


def written(description: language.Description) -> dict[str, object]:
    """As plain data in the language of the YAML, without keys that are not set."""
    return description.model_dump(mode="json", by_alias=True, exclude_none=True)


def configuration_hash(full: language.Description, shapes: Shapes) -> str:
    """12 hex digits of the SHA-256 of what a filled description says, and of the GeoJSON shapes that it names.

    Comments, the order of keys and the way a value is written (`60min`, `1h`) make no difference.
    """
    sited: tuple[language.Store | language.Place, ...] = (*full.stores, *full.places)
    named = {
        f"{store.id}/{name}": to_wkb(shapes[store.id, name], hex=True, byte_order=1)
        for store in sited
        for name, ring in store.rings.items()
        if ring.geojson is not None
    }
    return sha256(orjson.dumps([written(full), named], option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def _filled_store(store: language.Store, description: language.Description, shapes: Shapes) -> language.Store:
    rings = {name: _filled_ring(store, name, ring, shapes) for name, ring in store.rings.items()}
    zone = store.timezone or description.timezone
    said = {"name": store.name or store.id, "timezone": zone, "gone_after": None}
    return store.model_copy(update={**said, **rings})


def _filled_place(place: language.Place, shapes: Shapes) -> language.Place:
    return place.model_copy(update={"name": place.name or place.id, **_held(place.id, "inside", place, shapes)})


def _filled_ring(store: language.Store, name: str, ring: language.RingShape, shapes: Shapes) -> language.RingShape:
    gone_after = store.gone_after if ring.gone_after is None else ring.gone_after
    said = ring.model_copy(update={"gone_after": gone_after})
    return ring.model_copy(update=_held(store.id, name, said, shapes))


def _held(owner: str, name: str, ring: language.RingShape, shapes: Shapes) -> dict[str, float]:
    """How a ring is held, with the defaults for its shape."""
    policy = default_policy(Ring[name.upper()], shapes[owner, name])
    enter_after = policy.enter_after if ring.enter_after is None else ring.enter_after
    exit_margin = policy.exit_margin if ring.exit_margin is None else ring.exit_margin
    gone_after = policy.gone_after if ring.gone_after is None else ring.gone_after
    return {"enter_after": enter_after, "exit_margin": exit_margin, "gone_after": gone_after}


def _zone(store: language.Store | language.Place, shapes: Shapes) -> Zone:
    fences = tuple(_geofence(store.id, name, ring, shapes) for name, ring in store.rings.items())
    zone = Zone(store.id, fences, store.visit_after)
    if isinstance(store, language.Place):
        return zone
    return replace(zone, fire_on_create=store.on_create == "fire", tells_crossings=store.on_crossing == "pass_by")


def _geofence(store: str, name: str, ring: language.RingShape, shapes: Shapes) -> Geofence:
    policy = RingPolicy(ring.enter_after or 0, ring.exit_margin or 0.0, ring.gone_after or 0)
    return Geofence(Ring[name.upper()], shapes[store, name], policy)


def _rules(full: language.Description, shapes: Shapes) -> campaigns.Rules:
    stores = {store.id: store for store in full.stores}
    places = {place.id: place for place in full.places}
    return campaigns.Rules(
        retailer=full.retailer,
        zone=ZoneInfo(full.timezone),
        locale=full.locale,
        stores={id_: _store(store, full) for id_, store in stores.items()},
        campaigns=tuple(campaign_rules(each, place, stores, places, full) for place, each in enumerate(full.campaigns)),
        contact=_contact(full.contact),
        products={each.id: _product(each) for each in full.products},
        hash=configuration_hash(full, shapes),
        max_trigger_age=full.max_trigger_age,
        places=frozenset(places),
        shelves=shelves(full),
        notices=tuple(notice_rules(each, place, stores, places, full) for place, each in enumerate(full.notices)),
    )


def _store(store: language.Store, full: language.Description) -> campaigns.Store:
    zone = store.timezone or full.timezone
    country = country_at(store.location.lon, store.location.lat) or country_of(zone)
    hours = None if store.hours is None else WrittenHours(store.hours, country)
    return campaigns.Store(store.id, store.name or store.id, ZoneInfo(zone), hours)


def _contact(contact: language.Contact) -> ContactPolicy:
    return ContactPolicy(
        caps=tuple(Cap(cap.at_most, cap.in_any) for cap in contact.caps),
        quiet_hours=contact.quiet_hours,
        address=contact.address.default,
        newcomers=_newcomers(contact.newcomers),
        spacing=contact.spacing,
        cool_down=contact.cool_down,
    )


def _newcomers(ramp: language.Newcomers | None) -> Newcomers | None:
    return None if ramp is None else Newcomers(ramp.first_visits, Cap(ramp.at_most, ramp.in_any))


def _product(product: language.Product) -> Product:
    rating = Rating(product.rating.stars, product.rating.reviews) if product.rating else None
    said = (product.id, product.name, product.category, product.price, product.staff_pick)
    return Product(*said, rating=rating, codes=product.codes)
