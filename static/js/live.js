// Updates "right now" while the page is visible. The server formats the number and the words. After a failed request the
// next one comes as usual.

const EVERY_MS = 15_000;

for (const section of document.querySelectorAll("[data-live]")) {
  const refresh = async () => {
    try {
      const response = await fetch(section.dataset.live, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const { text, words, minutes } = await response.json();
      section.querySelector("[data-live-number]").textContent = text;
      section.querySelector("[data-live-words]").textContent = words;
      section.querySelector("polyline").setAttribute("points", minutes);
    } catch {
      // The server can't be reached. Keep what is shown.
    }
  };
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
}
