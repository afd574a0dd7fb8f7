"""A small program for each SDK. Each uses `build` and `failed` once, as one installation or session.

Words in capitals are replaced: URL and TOKEN. `who` is what no declaration of ours has.
"""

POSTHOG_PYTHON = """
from posthog import Posthog
client = Posthog("TOKEN", host="URL", gzip=True)
properties = {"format": "html", "seconds": 2.5, "draft": True, "who": "john@example.com", "$app_version": "2.4.1"}
client.capture("build", distinct_id="posthog-python", properties=properties)
client.capture("failed", distinct_id="posthog-python", properties={"class": "disk"})
client.evaluate_flags("posthog-python")
client.shutdown()
"""

APTABASE_PYTHON = """
import asyncio
from aptabase import Aptabase

async def main():
    async with Aptabase("A-SH-TOKEN", app_version="2.4.1", base_url="URL/") as client:
        await client.track("build", {"format": "html", "seconds": 2.5, "draft": True, "who": "john@example.com"})
        await client.track("failed", {"class": "disk"})

asyncio.run(main())
"""

OPENTELEMETRY_PYTHON = """
import os, time
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "URL/e/TOKEN"
os.environ["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip"
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

about = {"service.version": "2.4.1", "service.instance.id": "otel-python", "os.type": "linux", "host.name": "desk"}
provider = LoggerProvider(resource=Resource.create(about))
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logger = provider.get_logger("paperclip")
build = {"format": "html", "seconds": 2.5, "draft": True, "who": "john@example.com"}
logger.emit(LogRecord(timestamp=time.time_ns(), event_name="build", attributes=build))
logger.emit(LogRecord(timestamp=time.time_ns(), event_name="failed", attributes={"error.type": "disk"}))
provider.shutdown()
"""

POSTHOG_NODE = """
const { PostHog } = require("posthog-node");
const client = new PostHog("TOKEN", { host: "URL" });
client.on("error", (error) => { console.error(error); process.exitCode = 1; });
const properties = { format: "html", seconds: 2.5, draft: true, who: "john@example.com", $app_version: "2.4.1" };
client.capture({ distinctId: "posthog-node", event: "build", properties });
client.capture({ distinctId: "posthog-node", event: "failed", properties: { class: "disk" } });
client.getAllFlags("posthog-node").then(() => client.shutdown());
"""

APTABASE_NODE = """
const { init, trackEvent } = require("@aptabase/web");
init("A-SH-TOKEN", { host: "URL", appVersion: "2.4.1" });
trackEvent("build", { format: "html", seconds: 2.5, draft: true, who: "john@example.com" })
  .then(() => trackEvent("failed", { class: "disk" }));
"""

OPENTELEMETRY_NODE = """
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = "URL/e/TOKEN";
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-FORM");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const about = { "service.version": "2.4.1", "service.instance.id": "otel-FORM", "os.type": "linux", "host.name": "d" };
const exporter = new OTLPLogExporter();
const provider = new LoggerProvider({
  resource: resourceFromAttributes(about),
  processors: [new BatchLogRecordProcessor({ exporter })],
});
const logger = provider.getLogger("paperclip");
const attributes = { format: "html", seconds: 2.5, draft: true, who: "john@example.com" };
logger.emit({ eventName: "build", attributes });
logger.emit({ eventName: "failed", attributes: { "error.type": "disk" } });
provider.shutdown();
"""

PYTHON_PROGRAMS = {
    "PostHog for Python": POSTHOG_PYTHON,
    "Aptabase for Python": APTABASE_PYTHON,
    "OpenTelemetry for Python": OPENTELEMETRY_PYTHON,
}
NODE_PROGRAMS = {
    "PostHog for Node": POSTHOG_NODE,
    "Aptabase for JavaScript": APTABASE_NODE,
    "OpenTelemetry for Node, JSON": OPENTELEMETRY_NODE.replace("FORM", "http"),
    "OpenTelemetry for Node, Protocol Buffers": OPENTELEMETRY_NODE.replace("FORM", "proto"),
}
