"""Reads the catalogues before they are needed: they take half a second, which the first visit should not wait for."""

from collector.classify.agents import parse_agent
from collector.classify.known_names import known_browsers, known_languages, known_systems
from collector.classify.pages import counted_page, platform_on
from collector.classify.platforms import lazy_platforms

# A plain browser, an app and a bot: between them they ask every table of agents.
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Feeds/1.0", "Googlebot/2.1")
_PAGE = "https://www.example.org/"


def read_catalogues() -> None:
    """Read all that judging a hit takes. Each catalogue stays in memory."""
    for catalogue in (known_browsers, known_systems, known_languages, lazy_platforms):
        catalogue()
    for agent in _AGENTS:
        parse_agent(agent)
    platform_on(counted_page(_PAGE).bare_host)
