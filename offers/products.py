"""What a retailer sells, as far as an offer speaks of it."""

from __future__ import annotations

from dataclasses import dataclass

from offers.money import Money


@dataclass(frozen=True, slots=True)
class Rating:
    """What customers think of a product: `stars` out of five, from so many `reviews`."""

    stars: float
    reviews: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the catalogue; `name` is written as it stands in a sentence ("le sérum 30 ml")."""

    id: str
    name: str
    category: str
    price: Money | None = None
    staff_pick: str | None = None
    rating: Rating | None = None
    codes: tuple[str, ...] = ()
    """Barcodes and QR codes, by which it is scanned."""
