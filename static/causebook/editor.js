// Keeps what is typed, on the server and in this browser, and takes pasted pictures.
(() => {
  "use strict";
  const form = document.getElementById("editor");
  const text = document.getElementById("id_body");
  const state = document.getElementById("draft-state");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const key = `causebook-${form.dataset.key}`;
  const fields = () => new FormData(form);
  let timer = 0;
  let sent = text.value;
  let leaving = false;

  const keepHere = () => {
    try {
      localStorage.setItem(key, JSON.stringify({ body: text.value, version: form.base_version.value }));
    } catch { /* The browser's store is full or off: the server still has the draft. */ }
  };
  const keep = async () => {
    timer = 0;
    const body = text.value;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST", body: fields(), headers: { "X-CSRFToken": token },
      });
      if (leaving) return;
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
      sent = body;
      localStorage.removeItem(key);
      state.textContent = told.behind
        ? "Draft kept. Somebody else saved meanwhile: save to see both."
        : `Draft kept ${new Date(told.saved_at).toLocaleTimeString()}.`;
    } catch (error) {
      state.textContent = `Not kept on the server (${error.message}); kept in this browser. Trying again.`;
      timer = setTimeout(keep, 5000);
    }
  };
  form.addEventListener("input", () => {
    keepHere();
    if (!timer) timer = setTimeout(keep, 1500);
  });
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); localStorage.removeItem(key); });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && text.value !== sent) event.preventDefault();
  });

  const left = JSON.parse(localStorage.getItem(key) || "null");
  if (left && left.version === form.base_version.value && left.body !== text.value) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Bring back what this browser kept";
    button.addEventListener("click", () => {
      text.value = left.body;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      button.remove();
    });
    state.append(button);
  }

  text.addEventListener("paste", async (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    const body = new FormData();
    body.append("picture", file);
    state.textContent = "Storing the picture…";
    const answer = await fetch(form.dataset.pictures, {
      method: "POST", body, headers: { "X-CSRFToken": token },
    });
    const told = await answer.json();
    if (!answer.ok) {
      state.textContent = told.error;
      return;
    }
    text.setRangeText(`![picture](${told.path})`, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
