// Draws the map of countries beside its list when it comes near. Only then are the plug-in and the outline fetched. The
// canvas has the URLs of both, and the id of the element with its data. The server writes labels and numbers.

import { rgb, theme, tooltip } from "./colours.js";

const DOT_DEGREES = 1.6;
const DOT_CORNERS = 16;
const MIN_OPACITY = 0.22; // of the accent colour, so that one visit looks different from none

/** Return a disc around a point, for a country too small for an outline. d3 requires its corners in clockwise order. */
function disc([longitude, latitude]) {
  const ring = Array.from({ length: DOT_CORNERS + 1 }, (_, corner) => {
    const angle = (corner % DOT_CORNERS) * ((2 * Math.PI) / DOT_CORNERS);
    const stretch = Math.cos((latitude * Math.PI) / 180);
    return [longitude + (DOT_DEGREES * Math.sin(angle)) / stretch, latitude + DOT_DEGREES * Math.cos(angle)];
  });
  return { type: "Polygon", coordinates: [ring] };
}

/** Return the shapes of the world: every country with an outline, and small ones that were visited. */
function shapes(outline, visited) {
  const { features } = globalThis.ChartGeo.topojson.feature(outline, outline.objects.countries);
  const small = Object.entries(outline.dots).filter(([code]) => visited.has(code));
  return [...features, ...small.map(([id, point]) => ({ type: "Feature", id, geometry: disc(point) }))];
}

/** Return the fill of each shape. A country is the darker, the larger its share of the visits. */
function fills(features, visited, colours) {
  const largest = Math.max(...[...visited.values()].map(({ share }) => share)) || 1;
  // Shares differ by orders of magnitude. Their square roots are easier to distinguish.
  const opacity = ({ share }) => MIN_OPACITY + (1 - MIN_OPACITY) * Math.sqrt(share / largest);
  return features.map(({ id }) => (visited.has(id) ? rgb(colours.main, opacity(visited.get(id))) : colours.rule));
}

/** Return the configuration of Chart.js. */
function configuration(features, visited, colours) {
  const backgroundColor = fills(features, visited, colours);
  const dataset = {
    outline: features,
    data: features.map((feature) => ({ feature, value: 0 })),
    backgroundColor,
    hoverBackgroundColor: backgroundColor,
    borderColor: colours.paper,
    hoverBorderColor: colours.paper,
    borderWidth: 0.75,
  };
  const countryAt = (item) => visited.get(features[item.dataIndex].id);
  return {
    type: "choropleth",
    data: { labels: features.map(({ id }) => id), datasets: [dataset] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      scales: {
        // Rotated a little, so that the map is cut at the Bering Strait and not in Siberia.
        projection: { axis: "x", projection: globalThis.ChartGeo.geoEqualEarth().rotate([-11, 0]) },
        color: { axis: "x", display: false },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          ...tooltip(colours),
          displayColors: false,
          filter: (item) => Boolean(countryAt(item)),
          callbacks: {
            title: ([item]) => item && countryAt(item).label,
            label: (item) => countryAt(item)?.visits,
          },
        },
      },
    },
  };
}

/** Fetch the outline and the plug-in. Return the function that draws the map in the current theme. */
async function prepare(canvas) {
  const [response] = await Promise.all([fetch(canvas.dataset.outline), import(canvas.dataset.plugin)]);
  if (!response.ok) throw new Error(`The outline of the world can't be loaded: HTTP ${response.status}`);
  const outline = await response.json();
  const { countries } = JSON.parse(document.getElementById(canvas.dataset.map).textContent);
  const visited = new Map(countries.map((country) => [country.code, country]));
  const features = shapes(outline, visited);
  return () => {
    globalThis.Chart.getChart(canvas)?.destroy();
    new globalThis.Chart(canvas, configuration(features, visited, theme(canvas.closest(".plot"))));
  };
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      prepare(target)
        .then((draw) => {
          draw();
          document.addEventListener("themechange", draw);
        })
        .catch(() => target.closest(".map").remove()); // the list beside it has the same numbers
    }
  },
  { rootMargin: "300px" },
);
for (const canvas of document.querySelectorAll("canvas[data-map]")) observer.observe(canvas);
