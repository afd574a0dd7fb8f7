// The theme: the reader's system decides, or a choice that this browser remembers. Shared with the admin, which keeps
// the same choice under the same key. Loaded before the first paint, hence no module.

{
  const root = document.documentElement;

  const remembered = () => {
    try {
      return localStorage.getItem("theme") ?? "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };

  const apply = (theme) => {
    root.dataset.theme = theme;
    document.dispatchEvent(new Event("themechange"));
  };

  root.classList.add("js");
  apply(remembered());

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.querySelector("[data-theme-switch]");
    choice.value = remembered();
    choice.addEventListener("change", () => {
      try {
        localStorage.setItem("theme", choice.value);
      } catch {
        // It holds for this page alone.
      }
      apply(choice.value);
    });
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(remembered()));
}
