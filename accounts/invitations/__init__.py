"""Invitations: how members of a project become more."""
