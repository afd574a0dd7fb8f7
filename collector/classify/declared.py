"""Automation that says so in a header, while its user agent is a browser's.

- `Signature-Agent`, or a `Signature-Input` with the tag `web-bot-auth`: Web Bot Auth, in which agents sign requests
  (IETF drafts meunier-web-bot-auth-architecture and meunier-http-message-signatures-directory)
- `Sec-CH-UA` with a brand such as HeadlessChrome: a headless browser whose user agent was changed
- `From` with a bot's address: RFC 9110, 10.1.2, asks robots to send it. A browser never does by itself, but some text
  browsers send their user's address.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from collector.classify.agents import DECLARED_BOT

REMEMBERED = 1024  # distinct values: strangers can invent any number
MAX_SEARCHED = 300  # bytes of a header
_DECLARING = frozenset({b"signature-agent", b"signature-input", b"from"})
_SIGNED = "Web Bot Auth"
_ROBOT = re.compile(rb"bot\b|crawl|spider", re.IGNORECASE)
_HOST = re.compile(rb"https?://([\w.-]{1,60})", re.IGNORECASE)
# Names are few, so that strangers can't invent any number of them. By the operators' own pages on their agents.
_NAMES_BY_HOST = {
    b"agent.bot.goog": "Google-Agent",
    b"amazon.com": "Amazon",
    b"amazonaws.com": "Amazon Bedrock",
    b"anthropic.com": "Claude",
    b"browserbase.com": "Browserbase",
    b"chatgpt.com": "ChatGPT-User",
    b"cloudflare.com": "Cloudflare",
    b"duckduckgo.com": "DuckAssistBot",
    b"mistral.ai": "MistralAI-User",
    b"openai.com": "ChatGPT-User",
    b"perplexity.ai": "Perplexity-User",
}


def declared_bot(headers: Mapping[bytes, bytes]) -> str:
    """Return the hints of a request that declares itself as automation, such as `bot ChatGPT-User`, else an empty text.

    Header names are in lower case. The usual request costs two look-ups.
    """
    brands = headers.get(b"sec-ch-ua", b"")
    if b"Headless" in brands:
        return f"{DECLARED_BOT} {'HeadlessEdg' if b'HeadlessEdg' in brands else 'HeadlessChrome'}"
    if headers.keys().isdisjoint(_DECLARING):
        return ""
    if b"signature-agent" in headers:
        return f"{DECLARED_BOT} {_signer(headers[b'signature-agent'][:MAX_SEARCHED])}"
    if b"web-bot-auth" in headers.get(b"signature-input", b""):
        return f"{DECLARED_BOT} {_SIGNED}"
    return f"{DECLARED_BOT} no name" if _ROBOT.search(headers.get(b"from", b"")[:MAX_SEARCHED]) else ""


@lru_cache(REMEMBERED)
def _signer(value: bytes) -> str:
    """Return the name of the operator that a `Signature-Agent` names by its directory's host."""
    match = _HOST.search(value)
    host = match[1].lower() if match else b""
    while host:
        if host in _NAMES_BY_HOST:
            return _NAMES_BY_HOST[host]
        host = host.partition(b".")[2]
    return _SIGNED
