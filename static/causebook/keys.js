// Keyboard, colours, local times and selects that submit themselves. Nothing here is needed to work.
(() => {
  "use strict";
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    all[Math.max(0, Math.min(all.length - 1, next))].focus();
  };
  const go = { i: "/", c: "/knowledge/causes/", a: "/alerts/", s: "/services/", p: "/knowledge/postmortems/", r: "/knowledge/reports/" };
  let waiting = false;

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = event.target.closest("form");
      if (form) form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (typing(event.target)) return;
    if (waiting) {
      waiting = false;
      if (go[event.key]) location.href = go[event.key];
      return;
    }
    const acts = {
      "/": () => document.getElementById("find")?.focus(),
      n: () => document.getElementById("file")?.click(),
      j: () => move(1),
      k: () => move(-1),
      g: () => { waiting = true; setTimeout(() => { waiting = false; }, 1000); },
      "?": () => document.getElementById("keys").showModal(),
    };
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });

  document.getElementById("theme")?.addEventListener("click", () => {
    const order = { auto: "dark", dark: "light", light: "auto" };
    const next = order[document.documentElement.dataset.theme] || "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  });

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

  const tellLocalTimes = (root) => {
    for (const element of root.querySelectorAll("time:not([title])")) {
      element.title = new Date(element.dateTime).toLocaleString() + " (your time)";
    }
  };
  tellLocalTimes(document);
  for (const field of document.querySelectorAll("[data-zone]")) {
    // The reader's own zone, so that the time on their clock can be typed as it is.
    if (!document.querySelector("#at[value]:not([value=''])")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  document.addEventListener("htmx:afterSettle", (event) => tellLocalTimes(event.target));
})();
