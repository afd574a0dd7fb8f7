"""How an article is read on each platform: who read to its end, who can't tell, and how long it took them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from collector.classify.platforms import lazy_platforms
from collector.models import Dimension, Position
from collector.models.reading import AT_ONCE, LOWER_BOUNDS, TOO_SOON
from dashboard.visits.results import PixelTotal, PlatformValue

READING_DIMENSIONS = (Dimension.POSITION, Dimension.READING)
START = str(Position.START.label)

# A platform shows the end pixel at once if nine in ten ends came so, of at least this many. The tenth leaves room for
# readers with a slow connection, whose browser asks for the second image later; fewer ends could be those of one reader
# whose browser knows no late loading.
FEWEST_ENDS = 20
SHARE_AT_ONCE = 0.9
FEWEST_AT_ONCE = round(FEWEST_ENDS * SHARE_AT_ONCE)  # with fewer, no platform of an article is one of these


@dataclass(slots=True)
class Reading:
    """The starts and ends of an article's direct visits. `by_bound` has the ends that were read to, by seconds.

    `bound` is one of `LOWER_BOUNDS`. Days that were counted by an older version have `finished` without `by_bound`.
    """

    started: int = 0
    finished: int = 0
    at_once: int = 0
    too_soon: int = 0
    by_bound: Counter[int] = field(default_factory=Counter)

    def add(self, dimension: int, value: str, hits: int) -> None:
        """Add a count of one of `READING_DIMENSIONS`."""
        if dimension == Dimension.POSITION:
            if value == START:
                self.started += hits
            else:
                self.finished += hits
        elif value == AT_ONCE:
            self.at_once += hits
        elif value == TOO_SOON:
            self.too_soon += hits
        else:
            self.by_bound[int(value)] += hits

    def add_all(self, other: "Reading") -> None:
        """Add the numbers of another platform."""
        self.started += other.started
        self.finished += other.finished
        self.at_once += other.at_once
        self.too_soon += other.too_soon
        self.by_bound.update(other.by_bound)

    @property
    def comes_at_once(self) -> bool:
        """Whether nearly all ends were loaded together with the start, so that none says who read the article."""
        ends = max(self.finished, self.by_bound.total()) + self.at_once + self.too_soon
        return ends >= FEWEST_ENDS and self.at_once >= SHARE_AT_ONCE * ends

    @property
    def median_seconds(self) -> float | None:
        """Return the time in which half of those who read to the end did so; None if nobody did.

        It is interpolated within one of the ranges of the counts, evenly on their geometric scale. In the last range,
        which has no upper bound, it is the lower bound.
        """
        half, before = self.by_bound.total() / 2, 0
        for bound, following in zip(LOWER_BOUNDS, (*LOWER_BOUNDS[1:], LOWER_BOUNDS[-1]), strict=True):
            ends = self.by_bound[bound]
            if ends and before + ends >= half:
                return float(bound * (following / bound) ** ((half - before) / ends))
            before += ends
        return None


def readings_by_platform(values: Iterable[PlatformValue]) -> dict[str, Reading]:
    """Add up the counts of `READING_DIMENSIONS` by platform; other dimensions are left out.

    So are lazy platforms: images there load only when a reader comes to them, even that of the start.
    """
    readings: dict[str, Reading] = defaultdict(Reading)
    for platform, dimension, value, hits in values:
        if dimension in READING_DIMENSIONS and platform not in lazy_platforms():
            readings[platform].add(dimension, value, hits)
    return readings


def whole_reading(readings: Mapping[str, Reading]) -> Reading:
    """Add up the platforms of an article, without those that show the end pixel at once."""
    whole = Reading()
    for reading in readings.values():
        if not reading.comes_at_once:
            whole.add_all(reading)
    return whole


def whole_readings(values: Iterable[tuple[int, PlatformValue]]) -> dict[int, Reading]:
    """Return how each article is read, from the counts of `READING_DIMENSIONS`, each with the id of its pixel."""
    by_pixel: dict[int, list[PlatformValue]] = defaultdict(list)
    for pixel_id, value in values:
        by_pixel[pixel_id].append(value)
    return {pixel_id: whole_reading(readings_by_platform(of_pixel)) for pixel_id, of_pixel in by_pixel.items()}


def add_reading(total: PixelTotal, reading: Reading) -> None:
    """Replace what `total` has of the starts and ends of an article."""
    total.started, total.finished, total.at_once = reading.started, reading.finished, reading.at_once
