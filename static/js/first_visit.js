// Updates the line that waits for the first visit. `data-first-visit` has the URL to ask; the server translates the words.
// Asks while the tab is visible, less and less often, until a visit is seen. With `data-reloads`, the page then reloads and
// shows it. Some of the words come from strangers, so they are only ever set as text.

const SOON_MS = 2500;
const LATER_MS = 15_000;
const SELDOM_MS = 60_000;
const MINUTE_MS = 60_000;
const MAX_FAILURES = 5;

/** Return how long to pause before the next request, `waitedMs` after the first one. */
function pauseAfter(waitedMs) {
  if (waitedMs < 5 * MINUTE_MS) return SOON_MS;
  return waitedMs < 30 * MINUTE_MS ? LATER_MS : SELDOM_MS;
}

/** Show an answer. Without news nothing is touched, because screen readers announce every change. */
function show(section, { state, words, notes, version }) {
  if (section.dataset.version === version) return;
  section.dataset.version = version;
  section.dataset.state = state;
  section.querySelector(".first-visit-words").textContent = words;
  const list = section.querySelector(".first-visit-notes");
  list.hidden = notes.length === 0;
  list.replaceChildren(...notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
}

/** Ask until a visit is seen, or the connection is lost. */
function wait(section) {
  const beganAt = Date.now();
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
      if (isOver && "reloads" in section.dataset) location.reload();
      failures = 0;
    } catch {
      failures += 1;
      if (failures === MAX_FAILURES) {
        isOver = true;
        section.querySelector(".first-visit-words").textContent = section.dataset.lost;
      }
    }
    isAsking = false;
    if (!isOver) timer = setTimeout(ask, pauseAfter(Date.now() - beganAt));
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    ask();
  });
  timer = setTimeout(ask, SOON_MS);
}

document.querySelectorAll("[data-first-visit]").forEach(wait);
