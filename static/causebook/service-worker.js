// Shows notices about a person's incidents while no page is open, and opens the incident on a click.
// It stores nothing and answers no request of pages.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data.json();
  } catch {
    // A browser requires that something is shown.
  }
  const title = [message.severity, message.title || "Causebook"].filter(Boolean).join(" · ");
  event.waitUntil(self.registration.showNotification(title, {
    body: message.text || "",
    data: { path: message.path || "/" },
    icon: message.icon,
    badge: message.icon,
    // Of one incident the last, and still with a sound.
    tag: message.path || "test",
    renotify: true,
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data.path, self.location.origin);
  if (address.origin !== self.location.origin) return;
  const open = async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find((each) => new URL(each.url).pathname === address.pathname);
    if (page) await page.focus();
    else await self.clients.openWindow(address.href);
  };
  event.waitUntil(open());
});
