// Paints the bar charts over their tables. Labels and numbers come from the page; colours are those of the legend's
// swatches as the stylesheet shows them, so that both themes have one source.

const { Chart } = globalThis;
const exact = new Intl.NumberFormat(document.documentElement.lang);
const brief = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
  willReadFrequently: true,
});

/** Write any CSS colour the way that Chart.js reads it. */
function rgb(colour) {
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
}

/** Return the colours of the page's theme for one chart. */
function colours(canvas) {
  const probe = (name) => rgb(getComputedStyle(canvas.closest(".plot")).getPropertyValue(name));
  const swatches = canvas.closest("section").querySelectorAll(".legend .swatch rect");
  return {
    series: swatches.length ? [...swatches].map((swatch) => rgb(getComputedStyle(swatch).fill)) : [probe("color")],
    ink: probe("--plot-ink"),
    rule: probe("--plot-rule"),
    paper: probe("--plot-paper"),
    text: rgb(getComputedStyle(document.body).color),
  };
}

/** Return what Chart.js needs to draw `data` in `theme`, its colours. */
function settings({ labels, titles, series }, theme) {
  const last = series.length - 1;
  return {
    type: "bar",
    data: {
      labels,
      datasets: series.map(({ label, values }, place) => ({
        label,
        data: values,
        backgroundColor: theme.series[place],
        hoverBackgroundColor: theme.series[place],
        borderColor: theme.paper,
        borderWidth: { top: place < last ? 1 : 0 },
        categoryPercentage: 1,
        barPercentage: 0.82,
        maxBarThickness: 40,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          border: { color: theme.rule },
          ticks: { color: theme.ink, maxRotation: 0, autoSkipPadding: 16 },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          grid: { color: theme.rule, drawTicks: false },
          ticks: {
            color: theme.ink,
            precision: 0,
            maxTicksLimit: 5,
            padding: 8,
            callback: (value) => brief.format(value),
          },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          filter: (item) => item.raw > 0 || series.length === 1,
          itemSort: (one, other) => other.raw - one.raw,
          displayColors: series.length > 1,
          backgroundColor: theme.paper,
          borderColor: theme.ink,
          borderWidth: 1,
          titleColor: theme.text,
          bodyColor: theme.text,
          footerColor: theme.text,
          multiKeyBackground: theme.paper,
          boxPadding: 4,
          padding: 10,
          callbacks: {
            title: ([item]) => (item ? titles[item.dataIndex] : ""),
            label: (item) => `${item.dataset.label}: ${exact.format(item.raw)}`,
            footer: (items) =>
              items.length > 1 ? `Visits: ${exact.format(items.reduce((sum, item) => sum + item.raw, 0))}` : "",
          },
        },
      },
    },
  };
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
/** Paint a canvas anew, in the colours of the theme. */
function paint(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  Chart.getChart(canvas)?.destroy();
  new Chart(canvas, settings(data, colours(canvas)));
}

const canvases = document.querySelectorAll("canvas[data-chart]");
canvases.forEach(paint);
document.addEventListener("themechange", () => canvases.forEach(paint));

for (const button of document.querySelectorAll("[data-toggle]")) {
  const table = document.getElementById(button.getAttribute("aria-controls"));
  button.addEventListener("click", () => {
    const open = table.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Hide the table" : "Show as a table";
  });
}
