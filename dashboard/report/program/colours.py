"""The colours of a program's charts, by their names in palette.css, which has one for each theme."""

BLUE, ORANGE, GREEN, SKY, PURPLE, VERMILION = (
    "var(--blue)", "var(--orange)", "var(--green)", "var(--sky)", "var(--purple)", "var(--vermilion)"
)  # fmt: skip
PALE = "var(--pale)"  # what is not in the foreground
BANDS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
