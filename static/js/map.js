// Paints the map of countries beside its list, once it comes near: only then are the plug-in and the outline fetched.
// The canvas names both files, and the element that holds its data; labels and numbers are written by the server.

import { rgb, theme, tooltip } from "./colours.js";

const DOT_DEGREES = 1.6;
const DOT_CORNERS = 16;
const FAINTEST = 0.22; // of the accent colour, so that one visit is told from none

/** Return a disc around a place, for a country too small for an outline. Its corners run clockwise, as d3 asks. */
function disc([longitude, latitude]) {
  const ring = Array.from({ length: DOT_CORNERS + 1 }, (_, corner) => {
    const turn = (corner % DOT_CORNERS) * ((2 * Math.PI) / DOT_CORNERS);
    const stretch = Math.cos((latitude * Math.PI) / 180);
    return [longitude + (DOT_DEGREES * Math.sin(turn)) / stretch, latitude + DOT_DEGREES * Math.cos(turn)];
  });
  return { type: "Polygon", coordinates: [ring] };
}

/** Return the shapes of the world: every outlined country, and of the small ones those with visits. */
function shapes(outline, visited) {
  const { features } = globalThis.ChartGeo.topojson.feature(outline, outline.objects.countries);
  const small = Object.entries(outline.dots).filter(([code]) => visited.has(code));
  return [...features, ...small.map(([id, place]) => ({ type: "Feature", id, geometry: disc(place) }))];
}

/** Return what Chart.js needs to draw the world, each country as dark as its share of the largest one's. */
function settings(features, visited, colours) {
  const most = Math.max(...[...visited.values()].map(({ share }) => share)) || 1;
  // The eye judges areas, and shares are far apart: their roots are told apart better.
  const opacity = (country) => FAINTEST + (1 - FAINTEST) * Math.sqrt(country.share / most);
  const fills = features.map(({ id }) =>
    visited.has(id) ? rgb(colours.main, opacity(visited.get(id))) : colours.rule,
  );
  return {
    type: "choropleth",
    data: {
      labels: features.map(({ id }) => id),
      datasets: [
        {
          outline: features,
          data: features.map((feature) => ({ feature, value: 0 })),
          backgroundColor: fills,
          hoverBackgroundColor: fills,
          borderColor: colours.paper,
          hoverBorderColor: colours.paper,
          borderWidth: 0.75,
        },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      scales: {
        // Turned a little, so that the seam runs through the Bering Strait and not through Siberia.
        projection: { axis: "x", projection: globalThis.ChartGeo.geoEqualEarth().rotate([-11, 0]) },
        color: { axis: "x", display: false },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          ...tooltip(colours),
          displayColors: false,
          filter: (item) => visited.has(features[item.dataIndex].id),
          callbacks: {
            title: ([item]) => item && visited.get(features[item.dataIndex].id).label,
            label: (item) => visited.get(features[item.dataIndex].id)?.visits,
          },
        },
      },
    },
  };
}

/** Fetch what a map is made of; return the function that paints it in the theme of the moment. */
async function prepare(canvas) {
  const [answer] = await Promise.all([fetch(canvas.dataset.outline), import(canvas.dataset.plugin)]);
  if (!answer.ok) throw new Error(`The outline of the world is not there: ${answer.status}`);
  const outline = await answer.json();
  const { countries } = JSON.parse(document.getElementById(canvas.dataset.map).textContent);
  const visited = new Map(countries.map((country) => [country.code, country]));
  const features = shapes(outline, visited);
  return () => {
    globalThis.Chart.getChart(canvas)?.destroy();
    new globalThis.Chart(canvas, settings(features, visited, theme(canvas.closest(".plot"))));
  };
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      prepare(target)
        .then((paint) => {
          paint();
          document.addEventListener("themechange", paint);
        })
        .catch(() => target.closest(".map").remove()); // the list beside it says the same
    }
  },
  { rootMargin: "300px" },
);
for (const canvas of document.querySelectorAll("canvas[data-map]")) observer.observe(canvas);
