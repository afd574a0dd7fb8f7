"""Passwords of accounts and share links: how often each may be tried, and by which browsers."""
