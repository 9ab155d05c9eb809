// The editor of a postmortem: saves what is typed as a draft, on the server and in this browser,
// and uploads pasted pictures. The form's data attributes hold the addresses.
(() => {
  "use strict";
  const texts = document.getElementById("editor-texts").dataset;
  const form = document.getElementById("editor");
  const text = document.getElementById("id_body");
  const state = document.getElementById("draft-state");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const storageKey = `causebook-${form.dataset.storageKey}`;
  let timer = 0;
  let savedText = text.value;
  let isSubmitting = false;

  const post = (url, body) => fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });

  const saveLocally = () => {
    const draft = { body: text.value, version: form.base_version.value };
    try {
      localStorage.setItem(storageKey, JSON.stringify(draft));
    } catch { /* The browser's store is full or off: the server still has the draft. */ }
  };

  const saveDraft = async () => {
    timer = 0;
    const body = text.value;
    try {
      const response = await post(form.dataset.draft, new FormData(form));
      if (isSubmitting) return;
      const reply = await response.json();
      if (!response.ok) throw new Error(reply.error);
      savedText = body;
      localStorage.removeItem(storageKey);
      state.textContent = reply.behind
        ? texts.behind
        : texts.saved.replace("{time}", new Date(reply.saved_at).toLocaleTimeString());
    } catch (error) {
      state.textContent = texts.unsaved.replace("{reason}", () => error.message);
      timer = setTimeout(saveDraft, 5000);
    }
  };

  form.addEventListener("input", () => {
    saveLocally();
    if (!timer) timer = setTimeout(saveDraft, 1500);
  });

  form.addEventListener("submit", () => {
    isSubmitting = true;
    clearTimeout(timer);
    localStorage.removeItem(storageKey);
  });

  window.addEventListener("beforeunload", (event) => {
    if (!isSubmitting && text.value !== savedText) event.preventDefault();
  });

  const setText = (value) => {
    text.value = value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const local = JSON.parse(localStorage.getItem(storageKey) || "null");
  if (local && local.version === form.base_version.value && local.body !== text.value) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = texts.restore;
    button.addEventListener("click", () => {
      setText(local.body);
      button.remove();
    });
    state.append(button);
  }

  text.addEventListener("paste", async (event) => {
    const picture = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
    if (!picture) return;
    event.preventDefault();
    const body = new FormData();
    body.append("picture", picture);
    state.textContent = texts.storing;
    const response = await post(form.dataset.pictures, body);
    const reply = await response.json();
    if (!response.ok) {
      state.textContent = reply.error;
      return;
    }
    text.setRangeText(`![picture](${reply.path})`, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
