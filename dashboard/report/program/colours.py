"""The colours of a program's charts, of the palette of Okabe and Ito: people with any colour vision tell them apart."""

BLUE, ORANGE, GREEN, SKY, PURPLE, VERMILION = "#0072b2", "#e69f00", "#009e73", "#56b4e9", "#cc79a7", "#d55e00"
PALE = "#c9c8c1"  # what is not in the foreground
BANDS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
