"""Time for tests: zones with unusual offsets, and a monotonic clock that stands still until a test moves it."""

# Offsets of whole, half and quarter hours, and clock changes of one hour and of half an hour.
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia"]

DAY_US = 86_400_000_000  # the microseconds of a day


class Clock:
    """Call it for the time in seconds; add to `now` to move it on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
