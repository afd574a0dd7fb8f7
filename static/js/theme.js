// The theme: that of the system, or a choice that this browser stores. This is not a module, because it must run before
// the first paint.

{
  const root = document.documentElement;

  const storedTheme = () => {
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
  apply(storedTheme());

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.querySelector("[data-theme-switch]");
    if (!choice) return; // a window of the admin that another one opened
    choice.value = storedTheme();
    choice.addEventListener("change", () => {
      try {
        localStorage.setItem("theme", choice.value);
      } catch {
        // Storage is switched off: the choice lasts for this page only.
      }
      apply(choice.value);
    });
  });

  // Paper is light. Charts are printed as they were painted, so they are painted for paper first.
  addEventListener("beforeprint", () => apply("light"));
  addEventListener("afterprint", () => apply(storedTheme()));

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(storedTheme()));
}
