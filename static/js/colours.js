// The colours of the page's theme, for what is painted on a canvas: read from the stylesheet, so that both themes have
// one source.

const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
  willReadFrequently: true,
});

/** Write any CSS colour, at an opacity, the way that Chart.js reads it. */
export function rgb(colour, opacity = 1) {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha / 255) * opacity})`;
}

/** Return the colours that a plot is painted in, on the page as it is now. */
export function theme(plot) {
  const style = getComputedStyle(plot);
  return {
    main: rgb(style.color),
    ink: rgb(style.getPropertyValue("--plot-ink")),
    rule: rgb(style.getPropertyValue("--plot-rule")),
    paper: rgb(style.getPropertyValue("--plot-paper")),
    text: rgb(getComputedStyle(document.body).color),
  };
}

/** Return how the tooltip of any plot looks. */
export function tooltip({ ink, paper, text }) {
  return {
    backgroundColor: paper,
    borderColor: ink,
    borderWidth: 1,
    titleColor: text,
    bodyColor: text,
    footerColor: text,
    multiKeyBackground: paper,
    boxPadding: 4,
    padding: 10,
  };
}
