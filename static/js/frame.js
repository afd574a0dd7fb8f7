// For pages in frames of other sites. They follow the theme of the system, or that of the frame's URL, and store nothing.

document.documentElement.classList.add("js");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new Event("themechange"));
});
