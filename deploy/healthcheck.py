"""Ask a server whether it is well; exit with 1 if not. Images have no curl. Usage: healthcheck.py [URL]."""

import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

TIMEOUT_SECONDS = 4.0


def main(url: str = "http://127.0.0.1:8000/healthz") -> None:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS):
            return
    except HTTPError as error:
        sys.exit(f"{url} answered {error.code}: {error.read(1000).decode(errors='replace')}")
    except (OSError, HTTPException) as error:
        sys.exit(f"{url} does not answer: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
