// Updates the line that waits for the first visit. `data-first-visit` has the URL to ask; the server translates the words.
// Asks while the tab is visible, less and less often, until a visit has come. With `data-reloads`, the page then reloads,
// and the server answers with the dashboard. Some words come from strangers, so they are only ever set as text.

const MINUTE_MS = 60_000;
// How long to pause between two requests, by how long somebody has been looking at the page: a hit is stored within half a
// second, and for half an hour this line speaks of it within three.
const PAUSES = [
  { until: MINUTE_MS, pause: 500 },
  { until: 10 * MINUTE_MS, pause: 1000 },
  { until: 30 * MINUTE_MS, pause: 2000 },
  { until: Infinity, pause: 30_000 },
];
const MAX_FAILURES = 6; // in half a minute: a server that restarts is back by then
const SEEN = "seen";
const WAITING = "waiting";

const pauseAfter = (waitedMs) => PAUSES.find(({ until }) => waitedMs < until).pause;

/** Show an answer. Screen readers announce it only if there is news, and not each time that a second passes. */
function show(section, { state, words, notes, version }) {
  const isNews = section.dataset.version !== version;
  const news = section.querySelector("[data-news]");
  news.setAttribute("aria-live", isNews ? "polite" : "off");
  section.dataset.version = version;
  section.dataset.state = state;
  const shown = section.querySelector(".first-visit-words");
  if (shown.textContent !== words) shown.textContent = words; // what somebody has selected stays selected
  const list = section.querySelector(".first-visit-notes");
  list.hidden = notes.length === 0;
  const items = [...list.children].map((item) => item.textContent);
  if (items.join("\n") !== notes.join("\n")) {
    list.replaceChildren(...notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  }
  const link = section.querySelector(".first-visit-link");
  if (link) link.hidden = state === WAITING;
}

/** Ask until a visit has come, or the connection is lost. */
function wait(section) {
  let beganAt = Date.now();
  // If the server said so already, reloading would not show more: the page must not do that again and again.
  const mayReload = "reloads" in section.dataset && section.dataset.state !== SEEN;
  let timer = 0;
  let failures = 0;
  let isAsking = false;
  let isOver = false;

  async function ask() {
    if (isAsking || isOver || document.hidden) return;
    isAsking = true;
    try {
      const response = await fetch(section.dataset.firstVisit, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) throw new Error(`HTTP ${response.status}`);
      const status = await response.json();
      show(section, status);
      isOver = !status.awaited;
      failures = 0;
      if (mayReload && status.state === SEEN) location.reload();
    } catch {
      failures += 1;
      if (failures === MAX_FAILURES) {
        isOver = true;
        section.querySelector(".first-visit-words").textContent = section.dataset.lost;
      }
    }
    isAsking = false;
    if (!isOver) timer = setTimeout(ask, pauseAfter(Date.now() - beganAt) * 2 ** failures);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    beganAt = Date.now(); // they come back from the page that they published: its hit is on its way
    ask();
  });
  timer = setTimeout(ask, pauseAfter(0));
}

document.querySelectorAll("[data-first-visit]").forEach(wait);
