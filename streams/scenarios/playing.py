"""A story through the real pipeline: on tables in process, with the events' own clock."""

from __future__ import annotations

from dataclasses import replace

from config.compiling import RetailerConfig
from config.settings import Settings
from streams.app import retailers_of
from streams.messages import RedemptionAsked
from streams.replay import Files, Replay
from streams.retailers import Retailers
from streams.scenarios.happened import Happened, Redemption, Unplayed
from streams.scenarios.story import Happening, Story
from streams.tills import answer_till, note_redemption


async def play(story: Story, settings: Settings) -> Happened:
    """Everything that comes of `story`; `settings` are those of a replay."""
    described = story.placed.retailer
    if not story.placed.scenario.holdout:
        described = _without_holdouts(described)
    return await _Stage(retailers_of(settings, [described]), described, story).play()


def _without_holdouts(described: RetailerConfig) -> RetailerConfig:
    """The same rules, under the same hash, with nobody held out."""
    campaigns = tuple(replace(campaign, holdout_percent=0) for campaign in described.rules.campaigns)
    return replace(described, rules=replace(described.rules, campaigns=campaigns))


class _Stage:
    def __init__(self, retailers: Retailers, described: RetailerConfig, story: Story) -> None:
        self._retailer = described.retailer
        self._story = story
        self._happened = Happened(described.rules)
        self._replay = Replay(retailers, Files(None), self._happened.add)
        self._redeemed: dict[str, str] = {}
        """By coupon the id of the redemption that was accepted."""

    async def play(self) -> Happened:
        for each in self._story.happenings:
            known = len(self._happened.refused)
            if each.event is not None:
                await self._replay.play(each.event)
            else:
                await self._redeem(each)
            for refused in self._happened.refused[known:]:
                self._happened.unplayed.append(Unplayed(each.path, f"nobody takes this message: {refused}"))
        await self._replay.finish()
        return self._happened

    async def _redeem(self, each: Happening) -> None:
        asked = each.redeem
        if asked is None:
            return
        await self._replay.reach(each.at)
        code = asked.coupon or self._happened.newest_coupon(asked.member or "", asked.offer or "", each.at)
        if code is None:
            what = f"{asked.member} has no coupon of `{asked.offer}` to show here"
            self._happened.unplayed.append(Unplayed(each.path, what))
            return
        named = f"redemption-{each.place}"
        said = RedemptionAsked(
            retailer=self._retailer,
            at=each.at,
            id=named,
            coupon=code,
            store=asked.store,
            amount=asked.amount,
            till=asked.till,
            reverses=self._redeemed.get(code, named) if asked.take_back else None,
        )
        told = await answer_till(said, self._replay.tables)
        await note_redemption(said, told, self._replay.tables)
        answer = told.answer
        if answer == "ACCEPTED":
            self._redeemed[code] = named
        offer = self._happened.offer_of(code)
        member, campaign = (offer.member, offer.campaign) if offer is not None else (asked.member, asked.offer)
        self._happened.redemptions.append(Redemption(each.at, member, campaign, asked.store, answer.value))
