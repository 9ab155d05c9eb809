// Enables notifications on this device: the browser asks its person only once they press the button.
(() => {
  "use strict";
  const section = document.querySelector(".js-push");
  const form = section.querySelector("form");
  const say = (name) => {
    for (const each of section.querySelectorAll("[data-state]")) each.hidden = each.dataset.state !== name;
  };

  const keyBytes = (text) => {
    const padded = text.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
    return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
  };

  const subscribe = async () => {
    if (await Notification.requestPermission() !== "granted") {
      say(Notification.permission === "denied" ? "denied" : "possible");
      return;
    }
    say("working");
    await navigator.serviceWorker.register(section.dataset.worker);
    const { pushManager } = await navigator.serviceWorker.ready;
    // One that was made for another key, such as before a move, would get nothing.
    await (await pushManager.getSubscription())?.unsubscribe();
    const made = await pushManager.subscribe({
      userVisibleOnly: true, applicationServerKey: keyBytes(section.dataset.key),
    });
    const { endpoint, keys } = made.toJSON();
    form.elements.endpoint.value = endpoint;
    form.elements.p256dh.value = keys.p256dh;
    form.elements.auth.value = keys.auth;
    form.submit();
  };

  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    say("impossible");
    return;
  }
  say(Notification.permission === "denied" ? "denied" : "possible");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    subscribe().catch(() => say("failed"));
  });
})();
