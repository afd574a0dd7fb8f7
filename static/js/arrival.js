// The line that waits for a visit. `data-arrival` names the address to ask; the answer has its words, translated. Asked
// while the tab is looked at, less and less often, until a visit is seen. Strangers wrote some of the words: they are text.

const SOON_MS = 2500;
const LATER_MS = 15_000;
const SELDOM_MS = 60_000;
const MINUTE_MS = 60_000;
const FAILURES_AT_MOST = 5;

/** Return how long to wait before the next question, having waited for a visit so long already. */
function pause(waited) {
  if (waited < 5 * MINUTE_MS) return SOON_MS;
  return waited < 30 * MINUTE_MS ? LATER_MS : SELDOM_MS;
}

/** Write what is new into the section; what is not is left alone, for each change is said aloud. */
function show(section, { state, words, notes, version }) {
  if (section.dataset.version === version) return;
  section.dataset.version = version;
  section.dataset.state = state;
  section.querySelector(".arrival-words").textContent = words;
  const list = section.querySelector(".arrival-notes");
  list.hidden = notes.length === 0;
  list.replaceChildren(...notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
}

/** Ask until a visit is seen. */
function wait(section) {
  const began = Date.now();
  let timer = 0;
  let failures = 0;
  let isAsking = false;
  let isOver = false;

  async function ask() {
    if (isAsking || isOver || document.hidden) return;
    isAsking = true;
    try {
      const answer = await fetch(section.dataset.arrival, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
      const known = await answer.json();
      show(section, known);
      isOver = !known.awaited;
      failures = 0;
    } catch {
      failures += 1;
      if (failures === FAILURES_AT_MOST) {
        isOver = true;
        section.querySelector(".arrival-words").textContent = section.dataset.lost;
      }
    }
    isAsking = false;
    if (!isOver) timer = setTimeout(ask, pause(Date.now() - began));
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    ask();
  });
  timer = setTimeout(ask, SOON_MS);
}

document.querySelectorAll("[data-arrival]").forEach(wait);
