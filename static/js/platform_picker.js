// Makes a list of checkboxes searchable (templates/platform_picker). The checkboxes stay what is sent: the search only moves
// the matching ones to the top, and each checked one has a chip beside the search, which removes it. What is typed that no
// platform is called can be added as the author's own.

const MAX_MATCHES = 12;
const MAX_NAME = 40;
const MIN_HOST = 4; // characters; shorter ones are in too many hosts

/** Return what an author searches for: in lower case, and of an address only its host. */
function normalized(text) {
  const query = text.trim().toLowerCase();
  const isAddress = /^https?:\/\//.test(query) || /^[^\s/]+\.[^\s/]+\//.test(query);
  return isAddress ? query.replace(/^https?:\/\/(www\.)?/, "").replace(/[/?#:].*/, "") : query;
}

/** Return the name of an own platform for what was typed, such as team-wiki for "Team Wiki", or an empty text. */
function ownName(query) {
  return query
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, MAX_NAME)
    .replace(/-+$/, "");
}

/** Return how well an option matches a query: 0 is best, Infinity not at all. */
function rank({ name, placement, hosts }, query) {
  if (name === query || placement === query) return 0;
  if (name.startsWith(query) || placement.startsWith(query)) return 1;
  if (hosts.some((host) => query === host || query.endsWith(`.${host}`))) return 1;
  if (` ${name}`.includes(` ${query}`)) return 2;
  if (name.includes(query)) return 3;
  return query.length >= MIN_HOST && hosts.some((host) => host.includes(query)) ? 4 : Infinity;
}

function enhance(picker) {
  const find = (part) => picker.querySelector(`[data-${part}]`);
  const [search, chips, found, groups, status] = ["search", "chips", "found", "groups", "status"].map(find);
  const chipsByPlacement = new Map();
  const options = [];
  let isByHand = false;

  const say = (sentence, word) => sentence.replace("{}", word);

  /** Remember a row of the list, where it stands, and what it is found by. */
  function adopt(row) {
    const box = row.querySelector("input");
    const label = row.querySelector("[data-name]").textContent;
    const hosts = row.dataset.hosts.split(" ").filter(Boolean);
    const option = { row, box, label, name: label.toLowerCase(), placement: box.value, hosts, home: row.parentElement };
    options.push(option);
    return option;
  }

  /** Show a chip for each checked platform, in the order in which they were checked. */
  function updateChip({ box, label }) {
    const chip = chipsByPlacement.get(box.value);
    if (box.checked === Boolean(chip)) return;
    if (chip) {
      chip.remove();
      chipsByPlacement.delete(box.value);
    } else {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: "\u00d7", title: say(picker.dataset.remove, label) });
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => remove(box));
      const item = document.createElement("li");
      item.append(label, button);
      chipsByPlacement.set(box.value, item);
      chips.append(item);
    }
    chips.hidden = chipsByPlacement.size === 0;
  }

  function set(option, isChecked) {
    option.box.checked = isChecked;
    updateChip(option);
  }

  /** Uncheck a platform by its chip. The focus goes to the next chip, or back to the search. */
  function remove(box) {
    const item = chipsByPlacement.get(box.value);
    const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("button") ?? search;
    box.checked = false;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    next.focus();
  }

  /** Put every row back where it stood. */
  function restore() {
    for (const { row, home } of options) home.append(row);
    found.querySelector("button")?.remove();
  }

  function addOwn(placement) {
    const row = find("blank").content.cloneNode(true).querySelector(".platform-option");
    const box = row.querySelector("input");
    box.value = placement;
    row.querySelector("[data-name]").textContent = placement;
    own().append(row);
    adopt(row);
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    search.value = "";
    filter();
    search.focus();
  }

  /** Return the group of chosen platforms, which only shows without JavaScript: here they are chips. */
  function own() {
    let group = find("chosen");
    if (!group) {
      group = document.createElement("div");
      group.dataset.chosen = "";
      group.hidden = true;
      groups.append(group);
    }
    return group;
  }

  function addButton(placement) {
    const button = document.createElement("button");
    Object.assign(button, {
      type: "button",
      className: "platform-add",
      textContent: say(picker.dataset.add, placement),
    });
    button.addEventListener("click", () => addOwn(placement));
    return button;
  }

  /** Show what matches the search, best first, or all groups if it is empty. */
  function filter() {
    const query = normalized(search.value);
    restore();
    groups.hidden = query !== "";
    found.hidden = query === "";
    status.textContent = "";
    if (query === "") return;
    const ranked = options
      .map((option) => ({ ...option, rank: rank(option, query) }))
      .filter((one) => one.rank < Infinity);
    ranked.sort((one, other) => one.rank - other.rank); // the most used ones come first among equals
    found.append(...ranked.slice(0, MAX_MATCHES).map(({ row }) => row));
    status.textContent = say(picker.dataset.matches, ranked.length);
    const placement = ownName(query);
    if (placement && !ranked.some((one) => one.rank === 0)) found.append(addButton(placement));
  }

  /** Pick the best match, or add the name as the author's own. The words stay selected, for the next search. */
  function pickFirst() {
    const box = found.querySelector("input");
    if (!box) return found.querySelector("button")?.click();
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    search.select();
    return undefined;
  }

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // it would send the form
      if (search.value.trim()) pickFirst();
    } else if (event.key === "Escape" && search.value) {
      event.preventDefault();
      search.value = "";
      filter();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      const targets = [...picker.querySelectorAll(":is([data-found], [data-groups]) :is(input, button, summary)")];
      targets.find((target) => target.checkVisibility())?.focus(); // own names are in a hidden group
    }
  });
  picker.addEventListener("change", ({ target }) => {
    const option = options.find(({ box }) => box === target);
    if (!option) return;
    isByHand = true;
    updateChip(option);
  });

  for (const row of picker.querySelectorAll(".platform-option")) adopt(row);
  for (const option of options) updateChip(option);
  const chosen = find("chosen");
  if (chosen) {
    // Their chips show that they are chosen: in the list they stand under their kinds.
    for (const option of options.filter(({ home }) => home === chosen)) {
      option.home = picker.querySelector(`.platform-group[data-kind="${option.row.dataset.kind || "none"}"]`) ?? chosen;
      option.home.append(option.row);
    }
    chosen.hidden = true;
  }
  find("field").hidden = false;
  find("own").hidden = true;
  picker.classList.add("is-searchable");

  if (picker.dataset.preselected) {
    const placementsByKind = JSON.parse(picker.dataset.preselected);
    picker.closest("form")?.addEventListener("change", ({ target }) => {
      if (target.name !== "kind" || isByHand) return;
      for (const option of options) set(option, (placementsByKind[target.value] ?? []).includes(option.placement));
    });
  }
}

document.querySelectorAll("[data-platform-picker]").forEach(enhance);
