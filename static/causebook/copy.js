// Buttons that copy: with data-copy the text of the element before them, or that of each block of code inside
// data-copy-blocks. Without a clipboard, which browsers offer on https and localhost only, there are none.
(() => {
  "use strict";
  const texts = document.getElementById("script-texts").dataset;
  const copy = async (button, text) => {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = texts.copied;
    } catch {
      button.textContent = texts.copyRefused;
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  };

  // What scrolls sideways is reached by keyboard too.
  const prepare = (root) => {
    for (const block of root.querySelectorAll("[data-copy-blocks] pre")) block.tabIndex = 0;
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
    }
    for (const block of root.querySelectorAll("[data-copy-blocks] pre:not([data-copied])")) {
      block.dataset.copied = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = texts.copy;
      button.addEventListener("click", () => copy(button, block.querySelector("code").textContent));
      block.before(button);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (button) copy(button, button.previousElementSibling.textContent.trim());
  });
  prepare(document);
  document.addEventListener("htmx:afterSettle", (event) => prepare(event.target));
})();
