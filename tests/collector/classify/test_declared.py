"""Automation that declares itself in headers."""

import pytest

from collector.classify.agents import Agent, refined
from collector.classify.declared import declared_bot

CHROME = b'"Chromium";v="146", "Not:A-Brand";v="24", "Google Chrome";v="146"'


@pytest.mark.parametrize(
    ("headers", "hints"),
    [
        ({b"signature-agent": b'"https://chatgpt.com"'}, "bot ChatGPT-User"),
        ({b"signature-agent": b'sig1="https://crawler.perplexity.ai/directory"'}, "bot Perplexity-User"),
        ({b"signature-agent": b'"https://agent.bot.goog"'}, "bot Google-Agent"),
        ({b"signature-agent": b'"https://made-up-17.example"'}, "bot Web Bot Auth"),  # strangers' names have no end
        ({b"signature-agent": b"\xff"}, "bot Web Bot Auth"),
        ({b"signature-input": b'sig1=("@authority");keyid="x";tag="web-bot-auth"'}, "bot Web Bot Auth"),
        ({b"sec-ch-ua": b'"HeadlessChrome";v="146", "Chromium";v="146"'}, "bot HeadlessChrome"),
        ({b"sec-ch-ua": b'"Not_A Brand";v="99", "HeadlessEdg";v="127"'}, "bot HeadlessEdg"),
        ({b"sec-ch-ua": b'"HeadlessMadeUp17";v="1"'}, "bot HeadlessChrome"),
        ({b"from": b"googlebot(at)googlebot.com"}, "bot no name"),
        ({b"from": b"bingbot@microsoft.com"}, "bot no name"),
    ],
)
def test_automation_that_declares_itself_is_a_bot_with_a_name(headers, hints):
    assert declared_bot(headers) == hints


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"sec-ch-ua": CHROME, b"sec-ch-ua-mobile": b"?0"},
        {b"sec-ch-ua": b'"hey.com/imageproxy";v="1.0", "Not:A-Brand";v="24"'},
        {b"from": b"reader@example.org"},  # a text browser sends its user's address if told to
        {b"from": b"abbott@example.org"},
        {b"signature-input": b'sig1=("@method");tag="something-else"'},  # a proxy may sign for other reasons
    ],
)
def test_ordinary_headers_declare_nothing(headers):
    assert declared_bot(headers) == ""


def test_the_declared_name_is_the_bots_unless_its_agent_has_one():
    declared = {"mobile": "bot", "platform": "ChatGPT-User"}
    assert refined(Agent("Chrome", "Linux", "desktop"), **declared) == Agent(bot="ChatGPT-User")
    assert refined(Agent(bot="GPTBot"), **declared) == Agent(bot="GPTBot")
    assert refined(Agent(proxy="hey"), **declared) == Agent(proxy="hey")
