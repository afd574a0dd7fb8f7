// Keeps "right now" fresh while the page is looked at. The server writes number and words; a failed request waits for the
// next turn.

const EVERY_MS = 15_000;

for (const place of document.querySelectorAll("[data-live]")) {
  const refresh = async () => {
    try {
      const answer = await fetch(place.dataset.live, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { text, words, minutes } = await answer.json();
      place.querySelector("[data-live-number]").textContent = text;
      place.querySelector("[data-live-words]").textContent = words;
      place.querySelector("polyline").setAttribute("points", minutes);
    } catch {
      // Away for a moment: what is shown stays.
    }
  };
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
}
