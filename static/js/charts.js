// Paints the charts over their tables. Labels and numbers come from the page; colours are those of the legend's swatches
// as the stylesheet shows them, so that both themes have one source.

import { rgb, theme, tooltip } from "./colours.js";

const { Chart } = globalThis;
const { lang } = document.documentElement;
const exact = new Intl.NumberFormat(lang);
const brief = new Intl.NumberFormat(lang, { notation: "compact" });

/** Return the colours of the page's theme for one chart. */
function colours(canvas) {
  const swatches = canvas.closest("section").querySelectorAll(".legend .swatch rect");
  const found = theme(canvas.closest(".plot"));
  const series = swatches.length ? [...swatches].map((swatch) => rgb(getComputedStyle(swatch).fill)) : [found.main];
  return { ...found, series };
}

/** Return the bars, or the one line, of each series, and the earlier period as thin dashes behind them. */
function datasets({ series, earlier, line }, { series: fills, paper, main, ink }) {
  const last = series.length - 1;
  const drawn = series.map(({ label, values }, place) =>
    line
      ? { type: "line", label, data: values, borderColor: main, backgroundColor: main, borderWidth: 2, pointRadius: 0 }
      : {
          label,
          data: values,
          backgroundColor: fills[place],
          hoverBackgroundColor: fills[place],
          borderColor: paper,
          borderWidth: { top: place < last ? 1 : 0 },
          categoryPercentage: 1,
          barPercentage: 0.82,
          maxBarThickness: 40,
        },
  );
  if (!earlier) return drawn;
  const dashes = { borderColor: ink, backgroundColor: ink, borderDash: [4, 3], borderWidth: 1.25, pointRadius: 0 };
  return [
    ...drawn,
    { type: "line", label: earlier.label, data: earlier.values, stack: "earlier", order: -1, ...dashes },
  ];
}

/** Marks on the axis where articles appeared: a small triangle below the point. */
function marker(marks, colour) {
  return {
    id: "marks",
    afterDraw({ ctx, scales: { x }, chartArea: { bottom } }) {
      ctx.save();
      ctx.fillStyle = colour;
      marks.forEach((titles, place) => {
        if (!titles.length) return;
        const middle = x.getPixelForValue(place);
        ctx.beginPath();
        ctx.moveTo(middle, bottom - 1);
        ctx.lineTo(middle - 4, bottom + 6);
        ctx.lineTo(middle + 4, bottom + 6);
        ctx.fill();
      });
      ctx.restore();
    },
  };
}

/** Return what Chart.js needs to draw `data`; `total` is the word for the sum of a stack. */
function settings(data, found, total) {
  const { labels, titles, series, marks = [] } = data;
  return {
    type: "bar",
    data: { labels, datasets: datasets(data, found) },
    plugins: [marker(marks, found.text)],
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          border: { color: found.rule },
          ticks: { color: found.ink, maxRotation: 0, autoSkipPadding: 16 },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          grid: { color: found.rule, drawTicks: false },
          ticks: {
            color: found.ink,
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
          ...tooltip(found),
          filter: (item) => item.raw > 0 || item.datasetIndex >= series.length || series.length === 1,
          itemSort: (one, other) =>
            (one.datasetIndex >= series.length) - (other.datasetIndex >= series.length) || other.raw - one.raw,
          displayColors: series.length > 1,
          callbacks: {
            title: ([item]) =>
              item ? [titles[item.dataIndex], ...(marks[item.dataIndex] ?? []).map((mark) => `▲ ${mark}`)] : "",
            label: (item) => `${item.dataset.label}: ${exact.format(item.raw)}`,
            footer: (items) => {
              const own = items.filter((item) => item.datasetIndex < series.length);
              return own.length > 1 ? `${total}: ${exact.format(own.reduce((sum, item) => sum + item.raw, 0))}` : "";
            },
          },
        },
      },
    },
  };
}

/** Paint a canvas anew, in the colours of the theme. */
function paint(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  Chart.getChart(canvas)?.destroy();
  new Chart(canvas, settings(data, colours(canvas), canvas.dataset.total));
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
const canvases = document.querySelectorAll("canvas[data-chart]");
canvases.forEach(paint);
document.addEventListener("themechange", () => canvases.forEach(paint));

for (const button of document.querySelectorAll("[data-toggle]")) {
  const table = document.getElementById(button.getAttribute("aria-controls"));
  const words = { false: button.textContent, true: button.dataset.toggle };
  button.addEventListener("click", () => {
    const open = table.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
    button.textContent = words[open];
  });
}
