// Draws a chart above each table. Labels and numbers come from the page, those of the axes too. A null stands for a time
// at which nothing could be counted. Colours come from the legend's swatches, as the stylesheet defines them, so that
// both themes have one source.

import { rgb, theme, tooltip } from "./colours.js";

const { Chart } = globalThis;
const { lang } = document.documentElement;
const exact = new Intl.NumberFormat(lang);
const wholePercent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 0 });
const DASHES = [[], [8, 4], [3, 3]]; // of lines, as the legend draws them: a second sign beside the colour
const OPEN_OPACITY = 0.45; // of a bar whose time is not over

/** Write a share of 1, as the server does: some is not 0%, and not all is not 100%. */
function percent(share) {
  if (share > 0 && share < 0.01) return `<${wholePercent.format(0.01)}`;
  if (share > 0.99 && share < 1) return `>${wholePercent.format(0.99)}`;
  return wholePercent.format(share);
}

/** Return the colours for one chart in the current theme. */
function chartColours(canvas) {
  const swatches = canvas.closest("section").querySelectorAll(".legend .swatch > :first-child");
  const colours = theme(canvas.closest(".plot"));
  const series = swatches.length ? [...swatches].map((swatch) => rgb(getComputedStyle(swatch).fill)) : [colours.main];
  return { ...colours, series };
}

/** Return a colour with lines of paper across it: the second sign of a series whose colour is like another's. */
function hatching(colour, paper) {
  const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const context = tile.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 8, 8);
  context.strokeStyle = paper;
  context.lineWidth = 2;
  for (const x of [-8, 0, 8]) {
    context.moveTo(x - 1, 9);
    context.lineTo(x + 9, -1);
  }
  context.stroke();
  return context.createPattern(tile, "repeat");
}

/** Return the radius of a line's points: only a single one needs to be drawn. */
function pointRadius(values) {
  return values.filter((value) => value !== null).length > 1 ? 0 : 4;
}

/** Return one series as bars, as a line, or as an area. `isTop` marks the last series of a stack. The part of a line that
 * leads to the point `open`, whose time is not over, is dotted; its bar is paler. */
function dataset({ label, values, hatched }, shape, plain, { paper, main }, { index, isTop, open }) {
  const fill = (colour) => (hatched ? hatching(colour, paper) : colour);
  const colour = fill(plain);
  const line = {
    type: "line",
    label,
    data: values,
    borderWidth: 2,
    pointRadius: pointRadius(values),
    backgroundColor: colour,
    segment: { borderDash: ({ p1DataIndex }) => (p1DataIndex === open?.index ? [2, 3] : undefined) },
  };
  const barColour = values.map((_, at) => (at === open?.index ? fill(rgb(plain, OPEN_OPACITY)) : colour));
  switch (shape) {
    case "line":
      return { ...line, borderColor: main, backgroundColor: main };
    case "lines":
      return { ...line, borderColor: colour, borderDash: DASHES[index % DASHES.length] };
    case "bands":
      return { ...line, borderColor: paper, borderWidth: isTop ? 0 : 1, fill: "stack", segment: undefined };
    default:
      return {
        label,
        data: values,
        backgroundColor: barColour,
        hoverBackgroundColor: barColour,
        borderColor: paper,
        borderWidth: { top: isTop ? 0 : 1 },
        categoryPercentage: 1,
        barPercentage: 0.82,
        maxBarThickness: 40,
      };
  }
}

/** Return all series, and the earlier period as a thin dashed line. A single point has no area: it is drawn as a bar. */
function datasets({ labels, series, earlier, shape, open }, colours) {
  const drawn = shape === "bands" && labels.length < 2 ? "stack" : shape;
  const { ink } = colours;
  const current = series.map((one, index) =>
    dataset(one, drawn, colours.series[index], colours, { index, isTop: index === series.length - 1, open }),
  );
  if (!earlier) return current;
  const dashes = { borderColor: ink, backgroundColor: ink, borderDash: [4, 3], borderWidth: 1.25 };
  return [
    ...current,
    {
      type: "line",
      label: earlier.label,
      data: earlier.values,
      pointRadius: pointRadius(earlier.values),
      stack: "earlier",
      order: -1,
      ...dashes,
    },
  ];
}

/** Return the values of bands as percentages of each point's sum. A point without any has a gap. */
function shares(data) {
  if (data.shape !== "bands") return data;
  const sums = data.labels.map((_, index) => data.series.reduce((sum, { values }) => sum + values[index], 0));
  const series = data.series.map(({ label, values }) => ({
    label,
    numbers: values,
    values: values.map((value, index) => (sums[index] ? (100 * value) / sums[index] : null)),
  }));
  return { ...data, series };
}

/** Return a plugin that marks when articles were published, or versions released: a small triangle below the axis. */
function marker(marks, colour) {
  return {
    id: "marks",
    afterDraw({ ctx, scales: { x }, chartArea: { bottom } }) {
      ctx.save();
      ctx.fillStyle = colour;
      marks.forEach((titles, index) => {
        if (!titles.length) return;
        const middle = x.getPixelForValue(index);
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

/** Return a plugin that writes above a point that its time is not over. Bands leave no room for it. */
function openLabel({ open, series, shape }, colour) {
  return {
    id: "open",
    afterDatasetsDraw(chart) {
      if (!open || shape === "bands") return;
      const { ctx, chartArea, scales } = chart;
      const metas = chart.getSortedVisibleDatasetMetas().filter(({ index }) => index < series.length);
      ctx.save();
      ctx.font = `12px ${Chart.defaults.font.family}`;
      ctx.fillStyle = colour;
      ctx.textAlign = "center";
      const half = ctx.measureText(open.label).width / 2;
      const middle = Math.min(scales.x.getPixelForValue(open.index), chart.width - half);
      // Above its neighbours too: on a phone, the label is wider than a bar.
      const covered = metas.flatMap(({ data }) => data.filter(({ x }) => Math.abs(x - middle) < half + 4));
      const tops = covered.map(({ y }) => y).filter(Number.isFinite);
      ctx.fillText(open.label, middle, Math.min(chartArea.bottom, ...tops) - 8);
      ctx.restore();
    },
  };
}

/** Return the axes: bars and bands are stacked, lines are not. The server chose the ticks of the numbers. */
function scales({ shape, axis }, { ink, rule }) {
  const stacked = shape !== "lines";
  return {
    x: {
      stacked,
      grid: { display: false },
      border: { color: rule },
      ticks: { color: ink, maxRotation: 0, autoSkipPadding: 16 },
    },
    y: {
      stacked,
      beginAtZero: true,
      max: axis.at(-1).value,
      afterBuildTicks: (scale) => {
        scale.ticks = axis.map(({ value }) => ({ value }));
      },
      border: { display: false },
      grid: { color: rule, drawTicks: false },
      ticks: {
        color: ink,
        autoSkip: false,
        padding: 8,
        callback: (_value, index) => axis[index].label,
      },
    },
  };
}

/** Return the tooltip: the largest series first, then the earlier period, then the total of a stack. */
function chartTooltip({ titles, series, shape, marks = [] }, colours, total) {
  const number = ({ datasetIndex, dataIndex, raw }) => series[datasetIndex]?.numbers?.[dataIndex] ?? raw;
  const share = ({ raw }) => (shape === "bands" ? ` (${percent(raw / 100)})` : "");
  const isEarlier = (item) => item.datasetIndex >= series.length;
  return {
    ...tooltip(colours),
    filter: (item) => item.raw !== null && (item.raw > 0 || isEarlier(item) || series.length === 1),
    itemSort: (first, second) => isEarlier(first) - isEarlier(second) || second.raw - first.raw,
    displayColors: series.length > 1,
    callbacks: {
      title: ([item]) =>
        item ? [titles[item.dataIndex], ...(marks[item.dataIndex] ?? []).map((mark) => `▲ ${mark}`)] : "",
      label: (item) => `${item.dataset.label}: ${exact.format(number(item))}${share(item)}`,
      footer: (items) => {
        const current = items.filter((item) => !isEarlier(item));
        if (current.length < 2 || shape === "lines") return "";
        return `${total}: ${exact.format(current.reduce((sum, item) => sum + number(item), 0))}`;
      },
    },
  };
}

/** Return the configuration of Chart.js for `data`. `total` is the word for the sum of a stack. */
function configuration(data, colours, total) {
  return {
    type: "bar",
    data: { labels: data.labels, datasets: datasets(data, colours) },
    plugins: [marker(data.marks ?? [], colours.text), openLabel(data, colours.ink)],
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: data.open ? 20 : 0 } }, // for the label of a point at the top
      scales: scales(data, colours),
      plugins: { legend: { display: false }, tooltip: chartTooltip(data, colours, total) },
    },
  };
}

/** Draw a canvas, again if it was drawn before, in the colours of the current theme. */
function draw(canvas) {
  const data = shares(JSON.parse(document.getElementById(canvas.dataset.chart).textContent));
  Chart.getChart(canvas)?.destroy();
  new Chart(canvas, configuration(data, chartColours(canvas), canvas.dataset.total));
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
const canvases = document.querySelectorAll("canvas[data-chart]");
canvases.forEach(draw);
document.addEventListener("themechange", () => canvases.forEach(draw));

for (const button of document.querySelectorAll("[data-toggle]")) {
  const table = document.getElementById(button.getAttribute("aria-controls"));
  const words = { false: button.textContent, true: button.dataset.toggle };
  button.addEventListener("click", () => {
    const open = table.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
    button.textContent = words[open];
  });
}
