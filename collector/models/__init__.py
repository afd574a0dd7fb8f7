"""The data that the collector owns: projects, hits, their daily counts, and who else has access."""

from collector.models.access import ApiToken, ProgramSection, Section, ShareLink
from collector.models.audit import About, AuditEntry
from collector.models.counts import (
    DailyCount,
    DailyReading,
    DailySalt,
    DailyVisitor,
    Dimension,
    OwnVisitor,
    SpoolOffset,
)
from collector.models.doors import DroppedName, Mark, Span, WindowSalt
from collector.models.hits import Evidence, Hit, Page, Position, Traffic, UserAgent, Verdict
from collector.models.left_out import LeftOut, LeftOutCount
from collector.models.programs import (
    INSTALLED,
    Declaration,
    Driver,
    PublishedPart,
    PublishedWeek,
    Report,
    ReportCount,
    ReportDimension,
)
from collector.models.projects import Kind, Membership, Pixel, Project, Role, Weekday
from collector.models.tries import TryCount
from collector.models.upkeep import Collector, KeyRequest, StringKind, StringUse, Upkeep

__all__ = [
    "INSTALLED",
    "About",
    "ApiToken",
    "AuditEntry",
    "Collector",
    "DailyCount",
    "DailyReading",
    "DailySalt",
    "DailyVisitor",
    "Declaration",
    "Dimension",
    "Driver",
    "DroppedName",
    "Evidence",
    "Hit",
    "KeyRequest",
    "Kind",
    "LeftOut",
    "LeftOutCount",
    "Mark",
    "Membership",
    "OwnVisitor",
    "Page",
    "Pixel",
    "Position",
    "ProgramSection",
    "Project",
    "PublishedPart",
    "PublishedWeek",
    "Report",
    "ReportCount",
    "ReportDimension",
    "Role",
    "Section",
    "ShareLink",
    "Span",
    "SpoolOffset",
    "StringKind",
    "StringUse",
    "Traffic",
    "TryCount",
    "Upkeep",
    "UserAgent",
    "Verdict",
    "Weekday",
    "WindowSalt",
]
