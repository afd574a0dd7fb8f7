// The forms of new projects and articles, in the admin too. Writes the browser's time zone into a field that nobody has
// touched, and lets a form be sent once: a second click while the first is on its way would only wait for the same answer.

for (const input of document.querySelectorAll("[data-time-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isKnown = zone && zone !== "Etc/Unknown";
  // What people typed stays when the browser reloads the page.
  if (isKnown && input.value === input.defaultValue) input.value = zone;
}

for (const form of document.querySelectorAll("[data-send-once]")) {
  const button = form.querySelector("button.primary");
  form.addEventListener("submit", () => {
    button.disabled = true;
  });
  // Somebody comes back to this page, which the browser has kept as it was.
  addEventListener("pageshow", () => {
    button.disabled = false;
  });
}
