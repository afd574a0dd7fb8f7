// Buttons that add a line to a list: `data-adds` is the line, `data-to` the id of the textarea. A button is `hidden`
// until this script runs, and disabled while the list has its line.

function lines(textarea) {
  return textarea.value.split(/\s+/).filter(Boolean);
}

function begin() {
  for (const button of document.querySelectorAll("button[data-adds]")) {
    const textarea = document.getElementById(button.dataset.to);
    const update = () => {
      button.disabled = lines(textarea).includes(button.dataset.adds);
    };
    button.addEventListener("click", () => {
      textarea.value = [...lines(textarea), button.dataset.adds].join("\n");
      textarea.focus();
      update();
    });
    textarea.addEventListener("input", update);
    button.hidden = false;
    update();
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
