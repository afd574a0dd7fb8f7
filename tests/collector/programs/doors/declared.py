"""A program that other SDKs may report, for tests."""

from collector.programs.declaration import read_declaration
from tests.programs import DECLARATION

SDKS = DECLARATION.replace('mode = "notice"', 'mode = "notice"\nsdks = ["posthog", "aptabase", "otlp"]')
SDKS += """
[events.failed]
reason = "What fails."
link = "https://paperclip.example/issues/3"
until = 2099-12-31
failure = true

[events.failed.properties]
class = {type = "choice", values = ["disk", "network"], reason = "Which failure."}
exit_code = {type = "choice", values = ["1", "2"], reason = "How it ended."}
"""
PROGRAM = read_declaration(SDKS)
