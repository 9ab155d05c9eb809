// What moves on a page: durations that tick, dialogs that htmx fills, toasts and menus that close.
(() => {
  "use strict";
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  // As the filter `span` writes it, with seconds during the first hour.
  const inWords = (seconds) => {
    const first = units.findIndex(([size]) => seconds >= size);
    if (first < 0) return "0 s";
    return units.slice(first, first + 2)
      .map(([size, name], place) => {
        const rest = place ? seconds % units[first][0] : seconds;
        return [Math.floor(rest / size), name];
      })
      .filter(([count], place) => count || !place)
      .map((pair) => pair.join(" "))
      .join(" ");
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-ticks]")) {
      const seconds = Math.floor((Date.now() - new Date(element.dateTime)) / 1000);
      if (seconds >= 0) element.textContent = inWords(seconds);
    }
  };
  tick();
  setInterval(tick, 1000);

  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.target.closest?.(".js-filled-dialog");
    if (dialog && !dialog.open) dialog.showModal();
  });

  // A part stays while a form in it waits for its answer: htmx finds the toast and the parts that
  // listen from where the form is in the page. The answer loads the part again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const waiting = [...event.target.querySelectorAll("form.htmx-request")];
    if (waiting.some((form) => form !== event.detail.requestConfig.elt)) {
      event.detail.shouldSwap = false;
    }
  });

  // On a phone a row is a card: the head of its column is the label beside a value.
  const addLabels = (root) => {
    for (const row of root.querySelectorAll(".labelled > tbody > tr")) {
      const heads = row.closest("table").tHead?.rows[0].cells || [];
      [...row.cells].forEach((cell, place) => {
        const words = heads[place]?.firstElementChild ? "" : heads[place]?.textContent.trim();
        if (place && words && cell.colSpan === 1) cell.dataset.label ??= words;
      });
    }
  };
  addLabels(document);
  document.addEventListener("htmx:afterSettle", (event) => addLabels(event.target));

  // What was unfolded stays so when its part of the page is loaded again.
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.target.querySelectorAll("details[open][id]")].map((each) => each.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  });

  // A toast goes by itself, but not while somebody is about to use it.
  const shownFor = 30000;
  const closeLater = (toast) => setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) closeLater(toast);
    else toast.remove();
  }, shownFor);
  const toasts = document.getElementById("toasts");
  [...toasts.children].forEach(closeLater);
  new MutationObserver(() => [...toasts.children].forEach(closeLater))
    .observe(toasts, { childList: true });

  // Who clicked learns that it failed; a part that loads by itself says nothing.
  const texts = document.getElementById("script-texts").dataset;
  const showFailure = (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!["click", "submit"].includes(requestConfig.triggeringEvent?.type)) return;
    const toast = document.getElementById("failure-toast").content.cloneNode(true);
    toast.querySelector("span").textContent = xhr.status
      ? texts.failed.replace("{status}", xhr.status)
      : texts.unreachable;
    toasts.replaceChildren(toast);
  };
  document.addEventListener("htmx:sendError", showFailure);
  document.addEventListener("htmx:responseError", showFailure);

  document.addEventListener("click", (event) => {
    event.target.closest(".js-close-toast")?.parentElement.remove();
    if (event.target.closest(".js-close-dialog")) {
      event.preventDefault();
      event.target.closest("dialog")?.close();
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
