"""What a report is about, and who it is for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from collector.classify.sites import Sites, sites_of
from collector.models import Pixel, Project, Section
from dashboard.report.page_state import PageState
from dashboard.report.published import PublishedArticle
from dashboard.report.quiet import QuietPixel
from dashboard.visits.queries import LifetimeDay

ALL_SECTIONS = frozenset(Section.values)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about at the moment `now`: a project, or one of its pixels.

    `first_day` is the day of its first visit, or of the article that it is filtered by, whether another filter matches
    it or not; None before that. `lifetime` has the visits by day and platform of the pixel's whole life. `sections` are
    the parts of the view that people may see; `are_linked` tells whether they may also open the articles' views.
    """

    project: Project
    pixel: Pixel | None
    now: datetime
    first_day: date | None = None
    lifetime: Sequence[LifetimeDay] = ()
    published: Sequence[PublishedArticle] = ()
    quiet: Sequence[QuietPixel] = ()
    sections: Collection[str] = ALL_SECTIONS
    are_linked: bool = True

    @property
    def clock(self) -> datetime:
        """Return the moment in the project's time zone."""
        return self.now.astimezone(self.project.zone)

    @property
    def today(self) -> date:
        return self.clock.date()

    @property
    def sites(self) -> Sites:
        """Return the project's own sites."""
        return sites_of(self.project.sites)

    def is_whole_project(self, state: PageState) -> bool:
        """Tell whether the view is about all articles of the project, not about one of them."""
        return self.pixel is None and state.filters.pixel_id is None
