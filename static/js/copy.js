// Copy buttons. A button copies the text of the element whose id is in its `data-copy`. Then it shows "Copied" for a
// moment, and an element with `data-copy-status` (aria-live) announces the button's `data-copied`. All other words come
// from words.html. The buttons are `hidden` until this script runs: without JavaScript people select the text themselves.

const SHOWN_FOR_MS = 2000;
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

/** Copy an element's text. Return whether it worked. */
async function copy(element) {
  // Browsers offer the clipboard only on https and localhost. A server in a local network often has neither.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch {
      // The browser refused. Try the old way below.
    }
  }
  select(element);
  return document.execCommand("copy");
}

/** Show the outcome on the button, and announce it. */
function report(button, isCopied) {
  button.dataset.label ??= button.textContent;
  button.dataset.spoken ??= button.getAttribute("aria-label") ?? button.dataset.label;
  const { label, spoken } = button.dataset;
  button.textContent = isCopied ? words.copied : words.press;
  button.setAttribute("aria-label", isCopied ? (button.dataset.copied ?? words.copied) : words.selected);
  const status = document.querySelector("[data-copy-status]");
  if (status) status.textContent = button.getAttribute("aria-label");
  clearTimeout(timers.get(button));
  timers.set(
    button,
    setTimeout(() => {
      button.textContent = label;
      button.setAttribute("aria-label", spoken);
      if (status) status.textContent = "";
    }, SHOWN_FOR_MS),
  );
}

function showButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (button) report(button, await copy(document.getElementById(button.dataset.copy)));
});
document.addEventListener("snippetschange", showButtons);
showButtons();
