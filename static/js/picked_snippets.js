// Shows the snippets of the platforms that are picked, without leaving the page. `data-picks` of the form is the id of the
// element that is replaced; with `data-picks-all`, all fields count, not only boxes. Without JavaScript, the form has a
// button.

// On a phone, the snippets come first, and the form is one line above them.
if (matchMedia("(width < 860px)").matches && document.querySelector(".snippet")) {
  for (const details of document.querySelectorAll("[data-folds]")) details.open = false;
}

for (const form of document.querySelectorAll("[data-picks]")) {
  let request = new AbortController();

  async function show() {
    request.abort(); // an earlier choice, whose answer has not come yet
    request = new AbortController();
    const address = `?${new URLSearchParams(new FormData(form))}`;
    let answer;
    try {
      answer = await fetch(address, { signal: request.signal });
      if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById(form.dataset.picks).replaceWith(page.getElementById(form.dataset.picks));
      document.dispatchEvent(new Event("snippetschange"));
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") form.submit(); // the whole page says what is wrong
    }
  }

  form.addEventListener("change", ({ target }) => {
    if (target.type === "checkbox" || "picksAll" in form.dataset) show();
  });
}
