"""Counts what a person does in a browser window: clicks, and fields filled in."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext

# Runs in each page before its own scripts. Only events of a mouse or a keyboard count (`isTrusted`), not those that
# scripts make. Pressing a key where it does what a click does is a click. A field is what has one label in a form: the
# search and the checkboxes of the platforms are one. What is filled in already and left as it is does not count.
WATCH = """
const name = (element) => (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 60);
const clicked = (target) => countedClick(name(target.closest("a, button, label, summary, .field") ?? target));
addEventListener("pointerdown", ({ isTrusted, target }) => isTrusted && clicked(target), true);
addEventListener("keydown", ({ isTrusted, key, target }) => {
    const isClick = key === "Enter" || (key === " " && !target.matches("input:not([type=checkbox], [type=radio])"));
    if (isTrusted && isClick) clicked(target);
}, true);
addEventListener("input", ({ isTrusted, target }) => {
    if (isTrusted) countedField(name(target.closest(".field")?.querySelector("label, legend") ?? target));
}, true);
"""


@dataclass(slots=True)
class Effort:
    """The clicks in a window, by what was clicked, in their order; and the labels of the fields that were filled in."""

    clicks: list[str] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)


def watch(window: BrowserContext) -> Effort:
    """Count from now on, in all pages that are loaded in this window."""
    effort = Effort()
    window.expose_binding("countedClick", lambda _source, name: effort.clicks.append(name))
    window.expose_binding("countedField", lambda _source, name: effort.fields.add(name))
    window.add_init_script(WATCH)
    return effort
