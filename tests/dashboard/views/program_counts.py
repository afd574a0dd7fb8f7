"""What a program reported, for the tests of its page: counts written by hand."""

from datetime import date, timedelta

from collector.models import Driver, Pixel, ReportCount, ReportDimension

TODAY = date(2026, 11, 22)  # a Sunday
PERSON, SERVER, INSTALLATIONS = Driver.PERSON, Driver.SERVER, Driver.INSTALLATIONS
Dimension = ReportDimension
# What was reported: dimension, value, days ago, gap, reports, number, driver.
COUNTS = (
    (Dimension.ACTIVE, "", 40, 0, 50, 0, PERSON),
    (Dimension.ACTIVE, "", 5, 0, 10, 0, PERSON),
    (Dimension.ACTIVE, "", 5, 32, 25, 0, PERSON),
    (Dimension.ACTIVE, "", 1, 4, 20, 0, PERSON),
    (Dimension.ACTIVE, "", 1, 0, 1, 0, SERVER),
    (Dimension.ACTIVE, "", 0, 1, 4, 0, PERSON),
    (Dimension.ACTIVE, "", 0, 0, 3, 0, PERSON),
    (Dimension.ACTIVE, "", 0, 0, 700, 0, Driver.CI),
    (Dimension.ACTIVE, "", 2, 0, 20, 0, Driver.CONTAINER),
    (Dimension.VERSION, "2.3.1", 5, 0, 6, 0, PERSON),
    (Dimension.VERSION, "2.4.1", 5, 32, 27, 0, PERSON),
    (Dimension.VERSION, "2.2.0", 5, 0, 2, 0, PERSON),
    (Dimension.VERSION, "2.4.0", 1, 0, 1, 0, SERVER),
    (Dimension.VERSION, "2.4.1", 1, 4, 20, 0, PERSON),
    (Dimension.VERSION, "other", 0, 0, 3, 0, PERSON),
    (Dimension.UPGRADE, "2.3.1>2.4.1", 1, 0, 5, 0, PERSON),
    (Dimension.OS, "linux", 5, 0, 30, 0, PERSON),
    (Dimension.OS, "macos", 0, 0, 8, 0, PERSON),
    (Dimension.OS, "macos", 0, 0, 900, 0, Driver.CI),
    (Dimension.COUNTRY, "DE", 5, 0, 9, 0, PERSON),
    (Dimension.EVENT, "build", 5, 0, 12, 30, PERSON),
    (Dimension.EVENT, "build", 1, 4, 10, 20, PERSON),
    (Dimension.EVENT, "crash", 1, 0, 2, 4, PERSON),
    (Dimension.EVENT, "gone", 1, 0, 1, 7, PERSON),
    (Dimension.PROPERTY, "build.format=html", 1, 0, 2, 40, PERSON),
    (Dimension.PROPERTY, "build.format=other", 1, 0, 2, 10, PERSON),
    (Dimension.PROPERTY, "build.draft=true", 1, 0, 2, 10, PERSON),
    (Dimension.PROPERTY, "crash.class=font", 1, 0, 2, 4, PERSON),
    (Dimension.BUCKET, "build.seconds#0", 1, 0, 2, 12, PERSON),
    (Dimension.BUCKET, "build.seconds#5", 1, 0, 2, 38, PERSON),
    (Dimension.COHORT, "2026-W46", 13, 0, 40, 0, INSTALLATIONS),
    (Dimension.COHORT, "2026-W46", 6, 0, 10, 0, INSTALLATIONS),
    (Dimension.COHORT, "2026-W47", 6, 0, 5, 0, INSTALLATIONS),
    (Dimension.RUN, "build", 3, 0, 0, 60, PERSON),
    (Dimension.RUN, "", 3, 0, 0, 40, PERSON),
    (Dimension.RUN_VERSION, "2.4.1", 3, 0, 0, 75, PERSON),
)


def write(pixel: Pixel, *counts: tuple) -> None:
    ReportCount.objects.bulk_create(
        ReportCount(
            project_id=pixel.project_id, pixel=pixel, dimension=dimension, value=value, gap=gap, reports=reports,
            number=number, driver=driver, date=TODAY - timedelta(days=ago),
        )
        for dimension, value, ago, gap, reports, number, driver in counts
    )  # fmt: skip


def address(program: Pixel) -> str:
    return f"/projects/blog/{program.pk}/"
