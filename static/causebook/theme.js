// Runs before the first paint, so that the page never flashes in the wrong colours.
(() => {
  const stored = localStorage.getItem("theme");
  if (stored) document.documentElement.dataset.theme = stored;
})();
