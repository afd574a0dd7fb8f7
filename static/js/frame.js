// For pages in other sites' frames: the theme is that of the frame's surroundings, and nothing is remembered.

document.documentElement.classList.add("js");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new Event("themechange"));
});
