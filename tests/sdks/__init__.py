"""The real SDKs of other telemetry systems, unmodified, against a running server. `install.py` says which."""
