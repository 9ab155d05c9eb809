// Keyboard, colours, local times and selects that submit themselves. Every page works without it.
// What a key opens is in the HTML: data-go on a link, data-row on the link of a row, data-key on
// what a page has a key for.
(() => {
  "use strict";
  const texts = document.getElementById("script-texts").dataset;
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

  const focusRow = (step) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const current = rows.indexOf(document.activeElement);
    const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
    rows[Math.max(0, Math.min(rows.length - 1, next))].focus();
  };

  let goPending = false;
  const startGo = () => {
    goPending = true;
    setTimeout(() => { goPending = false; }, 1000);
  };
  const go = (key) => {
    goPending = false;
    const link = [...document.querySelectorAll("[data-go]")].find((each) => each.dataset.go === key);
    if (link) location.href = link.href;
  };

  const actions = {
    "/": () => document.getElementById("find")?.focus(),
    n: () => document.getElementById("file")?.click(),
    j: () => focusRow(1),
    k: () => focusRow(-1),
    x: () => document.activeElement.closest("tr")?.querySelector("[type=checkbox]")?.click(),
    g: startGo,
    "?": () => document.getElementById("keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.target.closest("form")?.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
    if (isTyping(event.target)) return;
    if (goPending) {
      go(event.key);
    } else if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    } else if (!document.querySelector("dialog[open]")) {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (target) event.preventDefault();
      target?.click();
    }
  });

  // Enter sends a text of one line; in a text of several it starts another.
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.shiftKey || !field.matches("[data-send-on-enter]")) return;
    if (field.value.includes("\n")) return;
    event.preventDefault();
    field.form.requestSubmit();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest(".js-keys")) document.getElementById("keys").showModal();
    if (!event.target.closest(".js-theme")) return;
    const following = { auto: "dark", dark: "light", light: "auto" };
    const next = following[document.documentElement.dataset.theme] || "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  });

  // Beside the time that is shown: the browser's own, or UTC for those who chose a zone.
  const shownInUtc = document.documentElement.dataset.timeZone === "UTC";
  const showLocalTimes = (root) => {
    for (const element of root.querySelectorAll("time:not([title])")) {
      const at = new Date(element.dateTime);
      const inUtc = `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
      element.title = shownInUtc ? texts.yourTime.replace("{time}", at.toLocaleString()) : inUtc;
    }
  };
  showLocalTimes(document);
  document.addEventListener("htmx:afterSettle", (event) => showLocalTimes(event.target));

  // The browser's time zone, offered to who has chosen none.
  for (const button of document.querySelectorAll(".js-browser-zone")) {
    const found = Intl.DateTimeFormat().resolvedOptions().timeZone;
    button.hidden = !found || found === document.documentElement.dataset.timeZone;
    button.textContent = texts.useZone.replace("{zone}", found);
    button.addEventListener("click", () => { button.form.elements.time_zone.value = found; });
  }

  // The reader's own time zone, unless the time beside it is already set (in UTC).
  for (const field of document.querySelectorAll("[data-zone]")) {
    if (!document.querySelector("#at[value]:not([value=''])")) {
      field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
  }
})();
