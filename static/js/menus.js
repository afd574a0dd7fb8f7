// Closes a menu (a <details class="menu">) on Escape, on a click outside it, and when the focus leaves it. Opening needs no
// script.

const open = () => document.querySelectorAll("details.menu[open], details.languages[open]");

/** Close the open menus that `target` is not in. */
function closeOthers(target) {
  for (const menu of open()) if (!menu.contains(target)) menu.open = false;
}

document.addEventListener("click", ({ target }) => closeOthers(target));
document.addEventListener("focusin", ({ target }) => closeOthers(target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});
