"""Why an offer was not made: one enum, in the order in which reasons are looked for."""

from __future__ import annotations

from enum import StrEnum


class Withheld(StrEnum):
    """A candidate's reason is the first that holds, in this order; a decision's that of its best-ranked candidate."""

    NO_MEMBER = "NO_MEMBER"
    """The device belongs to no member we know."""
    NO_CONSENT = "NO_CONSENT"
    """The member has not granted the purpose `offers`, or took it back."""
    STOPPED = "STOPPED"
    """The member said stop."""
    STALE_TRIGGER = "STALE_TRIGGER"
    """What happened was already older than `max_trigger_age` when it was decided."""
    SHADOWED = "SHADOWED"
    """A ring further in was entered by the same fix, and speaks for the store."""
    NO_CAMPAIGN = "NO_CAMPAIGN"
    """No campaign waits for this trigger."""
    NOT_IN_DATES = "NOT_IN_DATES"
    NOT_IN_DAYPART = "NOT_IN_DAYPART"
    STORE_CLOSED = "STORE_CLOSED"
    TIER = "TIER"
    """The member's tier is none of those the campaign is for."""
    ATTRIBUTES = "ATTRIBUTES"
    HISTORY = "HISTORY"
    """The member bought too little, too much, or came too often or seldom for this campaign."""
    NEWCOMER = "NEWCOMER"
    """In the first visits only campaigns for newcomers speak, and not often."""
    QUIET_HOURS = "QUIET_HOURS"
    """It is night for the member."""
    CAP = "CAP"
    """The member already heard as much from this retailer as the contact policy allows."""
    SPACING = "SPACING"
    """Another channel spoke a short while ago, or the member used a coupon."""
    PER_MEMBER = "PER_MEMBER"
    """This campaign already spoke to this member."""
    NO_PRODUCT = "NO_PRODUCT"
    """Nothing in the catalogue fits what the campaign offers."""
    NO_TEXT = "NO_TEXT"
    """The wording needs something that is not known of this member."""
    OUTRANKED = "OUTRANKED"
    """Another campaign, or another trigger of the same occasion, won."""
    HOLDOUT = "HOLDOUT"
    """The member belongs to the control group of the campaign that won."""
    OUT_OF_STOCK = "OUT_OF_STOCK"
    """All offers of the campaign are given."""
    OUT_OF_BUDGET = "OUT_OF_BUDGET"
    """What is left of its money is too little for this offer."""


ORDER: dict[Withheld, int] = {reason: place for place, reason in enumerate(Withheld)}
