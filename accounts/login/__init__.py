"""The way from a name to a session: who proves what, which steps follow, and what a browser is remembered for."""
