// On a postmortem's page: words selected in its text become the passage of a comment.
(() => {
  "use strict";
  const passage = document.getElementById("passage");
  const text = document.getElementById("text");
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed || !text.contains(selection.anchorNode)) return;
    passage.value = selection.toString().replace(/\s+/g, " ").trim().slice(0, 1000);
  });
})();
