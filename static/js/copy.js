// Copy buttons. `data-copy` on a button names the id of the element whose text it copies. The button says "Copied"
// for a moment, and an element with `data-copy-status` (aria-live) says so aloud, in the words of its `data-copied`.
// Other words are those of words.html. Buttons are `hidden` in the page and shown here: without JavaScript there is
// only text to select.

const SAID_FOR_MS = 2000;
const timers = new WeakMap();
const words = document.getElementById("words").dataset;

/** Select an element's text, so that it can be copied by hand. */
function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

/** Copy an element's text; say whether it worked. */
async function copy(element) {
  // The clipboard is there on https and localhost alone; a server in one's own network often has neither.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch {
      // Refused by the browser: try the old way.
    }
  }
  select(element);
  return document.execCommand("copy");
}

/** Show the outcome on the button, and say it aloud. */
function report(button, copied) {
  button.dataset.label ??= button.textContent;
  button.dataset.spoken ??= button.getAttribute("aria-label") ?? button.dataset.label;
  const { label, spoken } = button.dataset;
  button.textContent = copied ? words.copied : words.press;
  button.setAttribute("aria-label", copied ? (button.dataset.copied ?? words.copied) : words.selected);
  const status = document.querySelector("[data-copy-status]");
  if (status) status.textContent = button.getAttribute("aria-label");
  clearTimeout(timers.get(button));
  timers.set(
    button,
    setTimeout(() => {
      button.textContent = label;
      button.setAttribute("aria-label", spoken);
      if (status) status.textContent = "";
    }, SAID_FOR_MS),
  );
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const element = document.getElementById(button.dataset.copy);
    report(button, await copy(element));
  });
}
