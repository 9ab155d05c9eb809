// The command palette: a combobox over what the server finds and what the page itself offers.
// A button or link with data-command="Label" is offered while it is on the page.
(() => {
  "use strict";
  const texts = document.getElementById("script-texts").dataset;
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const text = document.getElementById("palette-text");
  const here = document.getElementById("palette-here");
  const found = document.getElementById("palette-found");
  const none = document.getElementById("palette-none");
  const options = () => [...dialog.querySelectorAll("[role=option]")];

  if (/^(Mac|iP)/.test(navigator.platform)) {
    for (const key of document.querySelectorAll(".js-palette kbd")) key.textContent = "⌘ K";
  }

  const select = (option) => {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    if (option) {
      text.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      text.removeAttribute("aria-activedescendant");
    }
  };
  const selected = () => dialog.querySelector("[role=option][aria-selected=true]");

  const number = () => {
    options().forEach((option, index) => { option.id = `palette-option-${index}`; });
    select(options()[0]);
    none.textContent = options().length ? "" : texts.nothingFound;
  };

  // What is in a closed menu is offered too: the palette is another way to it.
  const isOffered = (element) => (
    !element.disabled && (element.checkVisibility() || element.closest("details.menu"))
  );

  const offerCommands = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const commands = [...document.querySelectorAll("[data-command]")].filter((element) => {
      const label = element.dataset.command.toLowerCase();
      return isOffered(element) && wanted.every((word) => label.includes(word));
    });
    here.replaceChildren();
    if (!commands.length) return;
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", texts.onThisPage);
    const title = document.createElement("div");
    title.className = "palette-title";
    title.setAttribute("aria-hidden", "true");
    title.textContent = texts.onThisPage;
    group.append(title);
    for (const command of commands) {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.textContent = command.dataset.command;
      option.addEventListener("click", () => {
        dialog.close();
        command.click();
      });
      group.append(option);
    }
    here.append(group);
  };

  const open = () => {
    text.value = "";
    offerCommands();
    dialog.showModal();
    text.focus();
    number();
    htmx.trigger(text, "palette-open");
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".js-palette")) open();
  });

  dialog.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(selected());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (all.length) select(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      all[at]?.click();
    }
  });
  dialog.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== selected()) select(option);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
    else if (event.target.closest("a[role=option]")) dialog.close();
  });
  text.addEventListener("input", () => {
    offerCommands();
    number();
  });
  found.addEventListener("htmx:afterSwap", number);
  text.addEventListener("htmx:sendError", () => { none.textContent = texts.unreachable; });
})();
