"""Install the SDKs that `test_sdks.py` runs: `python -m tests.sdks.install DIRECTORY`.

They are no part of Footfall, so they have environments of their own. Tests find them by the variable SDKS_DIR.
"""

import subprocess
import sys
import venv
from pathlib import Path

PYTHON = (
    "posthog==7.91.1",
    "aptabase==0.1.0",
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
)
NODE = (
    "posthog-node@5.70.0",
    "@aptabase/web@0.5.0",
    "@opentelemetry/api@1.9.1",
    "@opentelemetry/api-logs@0.223.1",
    "@opentelemetry/resources@2.12.1",
    "@opentelemetry/sdk-logs@0.223.1",
    "@opentelemetry/exporter-logs-otlp-http@0.223.1",
    "@opentelemetry/exporter-logs-otlp-proto@0.223.1",
)


def python_of(directory: Path) -> Path:
    """Return the Python that has the SDKs."""
    return directory / "python" / "bin" / "python"


def install(directory: Path) -> None:
    """Install the SDKs for Python and for Node, both at the same time."""
    directory.mkdir(parents=True, exist_ok=True)
    quietly = ["--silent", "--no-save", "--no-audit", "--no-fund", "--prefer-offline"]
    command = ["npm", "install", *quietly, "--prefix", str(directory), *NODE]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as npm:
        venv.create(directory / "python", with_pip=True)
        subprocess.run([python_of(directory), "-m", "pip", "install", "-q", *PYTHON], check=True)
        assert npm.wait() == 0, "npm install failed"


if __name__ == "__main__":
    install(Path(sys.argv[1]))
