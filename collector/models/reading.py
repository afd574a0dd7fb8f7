"""What a reading time is: the seconds from the start of an article to its end, and how the counts hold them.

An image at the end of an article is loaded late only in some browsers, and only if it lies far below the view. So an
`end` hit proves nothing by itself. Its distance from the same visitor's latest `start` hit does: that is the time which
the reader took to come near the end.
"""

from bisect import bisect_right

# Ends sooner than this were loaded together with the start: nobody has scrolled yet, so they say nothing about the
# reader. A browser asks for the first image when the page's bytes arrive, for a late one after the first layout. For
# three in four page loads that takes less than 3 seconds (web.dev, First Contentful Paint: at most 1.8 s is good, more
# than 3 s is poor).
AT_ONCE_SECONDS = 3

# The default of a project. Chromium loads late only what lies some 1,250 px below the view, so the articles where it
# does have 250 words or more, which take a minute to read. Within 10 seconds a reader can scroll there, but not read.
DEFAULT_MIN_READING_SECONDS = 10
MAX_MIN_READING_SECONDS = 3600

# Where the length of an article is known: a quarter of the time that adults take to read it silently (Brysbaert 2019,
# How many words do we read per minute: 238 words of English non-fiction). Nobody reads four times as fast.
WORDS_A_MINUTE = 238
SHARE_OF_READING_TIME = 0.25
MAX_WORDS = 1_000_000

# The values of the counts. Read ends are counted by the lower bounds of their range, in seconds. Each range of the
# dashboard has two or three of them, so that a median between them is rarely a fifth off the true one: of samples of 5
# readers with log-normal times, 95 % are less than 17 % off, and of samples of 20, less than 13 %.
AT_ONCE, TOO_SOON = "at-once", "too-soon"
LOWER_BOUNDS = (3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 660, 900, 1260, 1800)
_VALUES = tuple(map(str, LOWER_BOUNDS))


def reading_value(seconds: int, *, is_too_soon: bool) -> str:
    """Return the value under which the counts have the end of a reader who took `seconds`."""
    if seconds < AT_ONCE_SECONDS:
        return AT_ONCE
    return TOO_SOON if is_too_soon else _VALUES[bisect_right(LOWER_BOUNDS, seconds) - 1]


def min_seconds_of_words(words: int) -> int:
    """Return the fewest seconds in which an article of so many words can be read."""
    return bounded_min_seconds(round(words * 60 / WORDS_A_MINUTE * SHARE_OF_READING_TIME))


def bounded_min_seconds(seconds: int) -> int:
    """Return a minimum within the bounds of the forms, whatever was stored by other means."""
    return min(max(seconds, AT_ONCE_SECONDS), MAX_MIN_READING_SECONDS)
