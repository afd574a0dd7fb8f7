"""What an error of PostgreSQL means, by its code: PostgreSQL's manual, Appendix A."""

_LOCK_NOT_AVAILABLE, _UNDEFINED_TABLE = "55P03", "42P01"


def is_lock_timeout(error: BaseException) -> bool:
    """Whether a statement gave up because others used its table, or held its lock, for longer than `lock_timeout`."""
    return _code(error) == _LOCK_NOT_AVAILABLE


def is_undefined_table(error: BaseException) -> bool:
    """Whether a statement named a table that does not exist."""
    return _code(error) == _UNDEFINED_TABLE


def _code(error: BaseException) -> str | None:
    """Return the code of an error that Django raised; None if it is not one of PostgreSQL's."""
    return getattr(error.__cause__, "sqlstate", None)
