// The colours of the current theme, for drawing on a canvas. They are read from the stylesheet, so that both themes have
// one source.

const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
  willReadFrequently: true,
});

/** Return any CSS colour, with an opacity, in the notation that Chart.js reads. */
export function rgb(colour, opacity = 1) {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha / 255) * opacity})`;
}

/** Return the colours of a plot in the current theme. */
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

/** Return the look of every plot's tooltip. */
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
