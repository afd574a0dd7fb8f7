"""The data that the collector owns: projects, hits, their daily counts, and who else has access."""

from collector.models.access import ApiToken, Section, ShareLink
from collector.models.counts import DailyCount, DailyReading, DailySalt, DailyVisitor, Dimension, SpoolOffset
from collector.models.hits import Evidence, Hit, Page, Position, Traffic, UserAgent, Verdict
from collector.models.projects import Kind, Membership, Pixel, Project, Role

__all__ = [
    "ApiToken",
    "DailyCount",
    "DailyReading",
    "DailySalt",
    "DailyVisitor",
    "Dimension",
    "Evidence",
    "Hit",
    "Kind",
    "Membership",
    "Page",
    "Pixel",
    "Position",
    "Project",
    "Role",
    "Section",
    "ShareLink",
    "SpoolOffset",
    "Traffic",
    "UserAgent",
    "Verdict",
]
