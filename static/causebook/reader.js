// Words selected in the text become the passage of a comment.
(() => {
  "use strict";
  const passage = document.getElementById("passage");
  const text = document.getElementById("text");
  document.addEventListener("selectionchange", () => {
    const chosen = document.getSelection();
    if (!chosen.rangeCount || chosen.isCollapsed || !text.contains(chosen.anchorNode)) return;
    passage.value = chosen.toString().replace(/\s+/g, " ").trim().slice(0, 1000);
  });
})();
