// Turns sibling panels into tabs. Without JavaScript they stand one below the other. This script adds a list of tabs with
// their titles above them, and shows one panel at a time (WAI-ARIA Authoring Practices, Tabs).

for (const group of document.querySelectorAll("[data-tabs]")) {
  const panels = [...group.querySelectorAll(":scope > section")];
  if (panels.length < 2) continue;

  const list = document.createElement("div");
  list.className = "tablist";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", group.dataset.tabs);

  const tabs = panels.map((panel) => {
    const title = panel.querySelector("h2");
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${title.id}-tab`;
    tab.textContent = title.textContent;
    tab.setAttribute("role", "tab");
    panel.id ||= `${panel.dataset.panel}-panel`;
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    title.classList.add("visually-hidden");
    list.append(tab);
    return tab;
  });

  const show = (chosen) => {
    tabs.forEach((tab, index) => {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panels[index].hidden = !isChosen;
    });
  };

  list.addEventListener("click", ({ target }) => {
    if (target.role === "tab" || target.getAttribute("role") === "tab") show(target);
  });
  list.addEventListener("keydown", (event) => {
    const index = tabs.indexOf(document.activeElement);
    const moves = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const next = tabs[(moves[event.key] + tabs.length) % tabs.length];
    show(next);
    next.focus();
  });

  group.prepend(list);
  show(tabs[0]);
}
