"""`.ci/audit`, with a stub of pip-audit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEAK = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SOUND = {"name": "y", "version": "1", "vulns": []}
SKIPPED = {"name": "z", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([SOUND, WEAK], 1, "x 1: PYSEC-1, mended in 2\n2 packages audited, 1 with known weaknesses."),
        ([SOUND, SOUND], 0, "2 packages audited, 0 with known weaknesses."),
        ([SOUND, SKIPPED], 0, "1 of 2 packages not audited, as PyPI did not answer for z."),
        (None, 0, "Not audited: pip-audit could not ask PyPI."),
    ],
)
def test_known_weaknesses_fail_it_and_an_index_that_does_not_answer_does_not(tmp_path, packages, code, says):
    written = f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({json.dumps({'dependencies': packages})!r})"
    stub = tmp_path / "python"
    stub.write_text(f"#!{sys.executable}\nimport sys\n{written if packages else 'sys.exit(1)'}\n")
    stub.chmod(0o700)
    done = subprocess.run([sys.executable, ROOT / ".ci" / "audit", stub], capture_output=True, text=True)

    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(says)
