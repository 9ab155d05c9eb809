// The list of incidents: rows that are selected, and rows that are new or changed.
(() => {
  "use strict";
  const texts = document.getElementById("script-texts").dataset;
  const chosen = new Set();

  // Selected rows. What is selected stays so when a row is replaced.
  const boxes = () => [...document.querySelectorAll(".js-select")];
  const showSelection = () => {
    const form = document.getElementById("bulk");
    if (!form) return;
    const shown = boxes();
    for (const box of shown) box.checked = chosen.has(box.value);
    const count = shown.filter((box) => box.checked).length;
    form.hidden = !count;
    form.querySelector(".js-count").textContent = texts.selected.replace("{count}", count);
  };
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches(".js-select")) return;
    if (box.checked) chosen.add(box.value);
    else chosen.delete(box.value);
    showSelection();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".js-clear")) return;
    chosen.clear();
    showSelection();
  });
  document.addEventListener("htmx:afterSettle", showSelection);
  showSelection();

  // News: loaded when an event arrives, or now and then where none can.
  const SETTLES = 1000;
  const POLL = 20000;
  let stream = null;
  let due = 0;
  const refresh = () => {
    clearTimeout(due);
    due = setTimeout(() => {
      const news = document.querySelector(".js-news");
      if (news && !document.hidden) htmx.trigger(news, "news-due");
    }, SETTLES);
  };
  const listen = () => {
    const news = document.querySelector(".js-news");
    if (!news || stream || document.hidden) return;
    stream = new EventSource(news.dataset.stream);
    for (const kind of news.dataset.kinds.split(" ")) stream.addEventListener(kind, refresh);
  };
  // A browser has few connections to one server: only a page that is seen listens.
  const stop = () => {
    stream?.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stop();
    } else {
      listen();
      refresh();
    }
  });
  setInterval(() => {
    if (stream?.readyState === EventSource.OPEN) return;
    if (stream?.readyState === EventSource.CLOSED) stop();
    listen();
    refresh();
  }, POLL);
  addEventListener("pagehide", stop);
  listen();
})();
