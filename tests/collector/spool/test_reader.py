from collector.spool.line import MAX_LINE_BYTES
from collector.spool.reader import segments
from tests.collector.spool.lines import LINE, lines


def test_lines_come_in_order_with_their_offsets(directory, writer):
    for _ in range(3):
        writer.append(LINE)
    [segment] = segments(directory)

    assert [(line.offset, line.end) for line in lines(segment)] == [(0, 40), (40, 80), (80, 120)]
    assert [line.offset for line in lines(segment, offset=80)] == [80]
    assert len(lines(segment, limit_bytes=1)) == 1


def test_an_incomplete_last_line_waits_until_the_segment_is_finished_and_is_then_torn(directory, writer):
    writer.append(LINE)
    writer.append(LINE[:-5])
    [segment] = segments(directory)
    assert len(lines(segment)) == 1

    writer.close()
    assert [line.is_torn for line in lines(segment)] == [False, True]


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(directory, writer):
    writer.append(b"x" * (3 << 20) + b"\n")
    writer.append(LINE)
    writer.close()
    [segment] = segments(directory)

    long, whole = lines(segment, limit_bytes=1 << 30)
    assert len(long.content) == MAX_LINE_BYTES + 1
    assert whole.content == LINE[:-1]
