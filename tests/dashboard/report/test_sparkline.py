"""Small lines without axes."""

from dashboard.report.sparkline import NO_LINE, SPARK_WIDTH, SparkLine, spark_line, spark_line_of_days


def test_a_spark_line_fits_its_box():
    assert spark_line([0, 5, 10], 100, 20) == "0.0,19.0 50.0,10.0 100.0,1.0"
    assert spark_line([5], 100, 20) == spark_line([0, 0], 100, 20) == spark_line([], 100, 20) == ""
    year = spark_line([1] * 366, SPARK_WIDTH, 20).split()
    assert len(year) <= SPARK_WIDTH
    assert year[-1].startswith("100.0,")


def test_a_spark_line_begins_with_the_first_day_that_was_counted():
    assert spark_line([None, None, 0, 10], 90, 20) == "60.0,19.0 90.0,1.0"
    assert spark_line([None, None, 10], 90, 20) == ""
    assert spark_line([None] * 200 + [1] * 100, SPARK_WIDTH, 20).startswith("66.7,")


def test_the_part_of_a_day_that_is_not_over_is_a_line_of_its_own():
    whole = SparkLine("0.0,19.0 50.0,10.0 100.0,1.0")
    assert spark_line_of_days([0, 5, 10], 100, 20, is_open=False) == whole
    assert spark_line_of_days([0, 5, 10], 100, 20, is_open=True) == SparkLine(
        "0.0,19.0 50.0,10.0", "50.0,10.0 100.0,1.0"
    )
    assert spark_line_of_days([0, 0], 100, 20, is_open=True) == NO_LINE
