"""Made-up traffic: readers with an address, a user agent and a language open articles on several platforms.

The same seed gives the same traffic, as requests for the load generator and as hits for a spool.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

SEED = 20
CLIENTS = 30_000
PIXELS = 20
OPTED_OUT = 0.03
READ_TO_END = 0.3
RARE_AGENTS = 500
RARE_SHARE = 0.02
IPV6_SHARE = 0.3
ORIGIN_ONLY = 0.6  # browsers send other sites only the origin of a page, unless the page says otherwise

# weight, placement, page
CHANNELS = (
    (30, "medium", "https://medium.com/@author/article-{number}-3f0c8a1b"),
    (20, "dev-to", "https://dev.to/author/article-{number}"),
    (15, "website", "https://blog.example.org/articles/{number}/"),
    (12, "github", ""),
    (10, "hashnode", "https://author.hashnode.dev/article-{number}"),
    (8, "newsletter", ""),
    (5, "", "https://planet.example.net/"),
)
PLACEMENTS = tuple(placement for _, placement, _ in CHANNELS if placement)
LANGUAGES = ("en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.6", "fr-FR,fr;q=0.9", "es-ES,es;q=0.9", "ja", "pt-BR,pt;q=0.8")
TOKEN_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Client:
    """One reader."""

    address: str
    agent: str
    language: str
    opted_out: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One reader's request for one pixel."""

    client: Client
    token: str
    placement: str
    is_end: bool
    page: str

    @property
    def path(self) -> str:
        parts = [part for part in (self.token, self.placement, "end" if self.is_end else "") if part]
        return f"/p/{'/'.join(parts)}.gif"


@cache
def tokens() -> tuple[str, ...]:
    """Return the tokens of the pixels. They are the same on every run, so that all servers get the same requests."""
    rng = random.Random(SEED)
    return tuple("".join(rng.choices(TOKEN_ALPHABET, k=20)) for _ in range(PIXELS))


def visits(count: int) -> Iterator[Visit]:
    """Yield `count` visits of the pixels in `tokens`. Popular articles get most of them."""
    rng = random.Random(SEED + 1)
    clients = _clients(rng)
    popularity = [1 / (rank + 1) ** 0.7 for rank in range(PIXELS)]
    weights = [weight for weight, _, _ in CHANNELS]
    for client, token, (_, placement, page) in zip(
        rng.choices(clients, k=count),
        rng.choices(tokens(), popularity, k=count),
        rng.choices(CHANNELS, weights, k=count),
        strict=True,
    ):
        page = page.format(number=tokens().index(token) + 1)
        if page and rng.random() < ORIGIN_ONLY:
            page = "/".join(page.split("/")[:3]) + "/"
        yield Visit(client, token, placement, rng.random() < READ_TO_END, page)


def write_requests(path: Path, count: int) -> None:
    """Write visits as tab-separated lines: path, agent, address, page, language, 1 if the reader opted out."""
    with path.open("w", encoding="ascii") as file:
        for visit in visits(count):
            client = visit.client
            fields = (visit.path, client.agent, client.address, visit.page, client.language, str(int(client.opted_out)))
            file.write("\t".join(fields) + "\n")


def _clients(rng: random.Random) -> list[Client]:
    weighted = _common_agents()
    common, weights = list(weighted), list(weighted.values())
    rare = _rare_agents(rng)
    return [
        Client(
            address=_address(rng),
            agent=rng.choice(rare) if rng.random() < RARE_SHARE else rng.choices(common, weights)[0],
            language=rng.choice(LANGUAGES),
            opted_out=rng.random() < OPTED_OUT,
        )
        for _ in range(CLIENTS)
    ]


def _address(rng: random.Random) -> str:
    """Return a public address. IPv6 addresses are from the ranges of the American and European registries."""
    if rng.random() < IPV6_SHARE:
        block = rng.choice((0x2600 << 112, 0x2A00 << 112))
        return str(IPv6Address(block | rng.getrandbits(20) << 96 | rng.getrandbits(96)))
    while True:
        address = IPv4Address(rng.getrandbits(32))
        if address.is_global and not address.is_multicast:
            return str(address)


@cache
def _common_agents() -> dict[str, int]:
    """Return about 60 real user agents of browsers, image proxies and bots, each with its weight."""
    webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"
    windows = "Windows NT 10.0; Win64; x64"
    desktops = {windows: 5, "Macintosh; Intel Mac OS X 10_15_7": 3, "X11; Linux x86_64": 1}
    agents: dict[str, int] = {}
    for version, weight in ((146, 12), (145, 6), (144, 2), (142, 1)):
        chrome = f"Chrome/{version}.0.0.0"
        for system, share in desktops.items():
            firefox = f"Gecko/20100101 Firefox/{version}.0"
            agents[f"Mozilla/5.0 ({system}) {webkit} {chrome} Safari/537.36"] = weight * share
            agents[f"Mozilla/5.0 ({system}; rv:{version}.0) {firefox}"] = weight * share // 3 + 1
        agents[f"Mozilla/5.0 (Linux; Android 10; K) {webkit} {chrome} Mobile Safari/537.36"] = weight * 7
        agents[f"Mozilla/5.0 (Linux; Android 10; K) {webkit} {chrome} Safari/537.36"] = weight
        agents[f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} {chrome} Safari/537.36"] = 1
        agents[f"Mozilla/5.0 ({windows}) {webkit} {chrome} Safari/537.36 Edg/{version}.0.0.0"] = weight
    for ios, release, weight in (
        ("18_6", "26.0", 90),
        ("18_5", "18.5", 30),
        ("17_7", "17.6", 12),
        ("16_7", "16.6", 4),
    ):
        safari = f"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{release}"
        phone, tablet = f"iPhone; CPU iPhone OS {ios} like Mac OS X", f"iPad; CPU OS {ios} like Mac OS X"
        agents[f"Mozilla/5.0 ({phone}) {safari} Mobile/15E148 Safari/604.1"] = weight
        agents[f"Mozilla/5.0 ({tablet}) {safari} Mobile/15E148 Safari/604.1"] = weight // 4
        agents[f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {safari} Safari/605.1.15"] = weight // 3
    for model, samsung in (("SM-S921B", 27), ("SM-A546B", 27), ("SM-G991B", 26), ("SM-A127F", 25)):
        browser = f"SamsungBrowser/{samsung}.0 Chrome/125.0.0.0 Mobile Safari/537.36"
        agents[f"Mozilla/5.0 (Linux; Android 14; SAMSUNG {model}) {webkit} {browser}"] = 4
    return agents | {
        "github-camo (4b76e509)": 40,
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": 30,
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 6,
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": 3,
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": 3,
        "curl/8.5.0": 1,
    }


def _rare_agents(rng: random.Random) -> list[str]:
    """Return rare agents: browsers in apps name their build and the phone, so hardly two readers share one."""
    return [
        f"Mozilla/5.0 (Linux; Android {rng.randint(9, 16)}; SM-A{rng.randint(100, 999)}F Build/UP1A.{number:06}; wv) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        f"Chrome/{rng.randint(110, 146)}.0.{rng.randint(4000, 7800)}.90 Mobile Safari/537.36 "
        f"Instagram {rng.randint(250, 410)}.0.0.{rng.randint(10, 60)}.109 Android"
        for number in range(RARE_AGENTS)
    ]
