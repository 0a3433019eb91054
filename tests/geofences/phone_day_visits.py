"""The visits of the recorded phone day to its two most visited places, labelled by hand.

Labelled from a printed list of the fixes (time, accuracy, distance to either place) and nothing else, and committed
before any ring of 50, 100 or 200 m was run over the day. What the list shows:

- terrace. From 12:11 to 13:27 nearly all fixes are good and lie within 60 m: a visit. At 12:14 and 12:16 two coarse
  ones (586 and 644 m) claim to be 576 and 412 m away; the good ones on both sides, a minute or two apart, contradict
  them. From 13:33 on the phone is 183 m off (20 m), then passes: 84 m at 13:39 and 13:44 (30 m), once 29 m (38 m) at
  13:45, 172 m a minute later. That is somebody going by, at most a minute in the place: no visit. From 16:13 to 19:16
  nearly every fix is a cell tower (697 m): nobody can say where the phone was. From 19:20 to 21:29 fixes jump between
  two spots 29 and 57 m from the place, always the same two: one visit, during which the recording ends.
- library. From 13:55 to 15:02, nearly all fixes within 70 m: a visit. Once, at 14:39, the phone is 268 m off (55 m)
  for one fix and back 90 s later, and at 14:32 and 14:43 two coarse ones lie elsewhere: still the same visit.
"""

from typing import NamedTuple


class Visit(NamedTuple):
    """From when to when (UTC, `HH:MM` of 2012-12-18), to the minute."""

    place: str
    came: str
    went: str


PLACES = {"terrace": (8.54685, 47.37732), "library": (8.55262, 47.37805)}
"""Longitude and latitude: the middle of the good fixes of the long stays."""

VISITS = (
    Visit("terrace", "12:11", "13:27"),
    Visit("terrace", "19:20", "21:30"),
    Visit("library", "13:55", "15:02"),
)
