// Turns list boxes into a field in which one types to find what to choose, however many there are.
// The list box stays in the form and holds what is chosen; without this script it is shown itself.
(() => {
  "use strict";
  const texts = document.getElementById("script-texts").dataset;
  const template = document.getElementById("picker");
  const mostShown = 50;

  const enhance = (select) => {
    const picker = template.content.firstElementChild.cloneNode(true);
    const [chosen, input, options, status] = picker.children;
    const names = [...select.options].map((option) => option.text.toLowerCase());
    const listId = `${select.id}-options`;
    let active = -1;

    const matches = () => {
      const words = input.value.trim().toLowerCase();
      const found = [...select.options].filter((each, at) => !each.selected && names[at].includes(words));
      // Those that begin with it come first.
      const begins = (option) => option.text.toLowerCase().startsWith(words);
      return [...found.filter(begins), ...found.filter((each) => !begins(each))];
    };

    const close = () => {
      options.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
    };

    const setChosen = (option, isChosen) => {
      option.selected = isChosen;
      input.value = "";
      showChosen();
      close();
      status.textContent = (isChosen ? texts.added : texts.removed).replace("{name}", () => option.text);
      select.dispatchEvent(new Event("change", { bubbles: true }));
      input.focus();
    };

    const showChosen = () => {
      chosen.replaceChildren(...[...select.selectedOptions].map((option) => {
        const item = document.createElement("li");
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "✕";
        remove.setAttribute("aria-label", texts.remove.replace("{name}", () => option.text));
        remove.addEventListener("click", () => setChosen(option, false));
        item.append(option.text, remove);
        return item;
      }));
    };

    const setActive = (index) => {
      const rows = options.querySelectorAll("[role=option]");
      if (!rows.length) return;
      active = (index + rows.length) % rows.length;
      rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === active)));
      rows[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", rows[active].id);
    };

    const open = () => {
      const found = matches();
      options.replaceChildren(...found.slice(0, mostShown).map((option, at) => {
        const row = document.createElement("li");
        row.id = `${listId}-${at}`;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        row.textContent = option.text;
        row.addEventListener("pointerdown", (event) => event.preventDefault());
        row.addEventListener("click", () => setChosen(option, true));
        return row;
      }));
      options.hidden = !found.length;
      input.setAttribute("aria-expanded", String(!options.hidden));
      const more = found.length - mostShown;
      status.textContent = (more > 0 ? texts.someShown : texts.found)
        .replace("{shown}", mostShown).replace("{count}", found.length);
      active = -1;
      if (input.value.trim()) setActive(0);
    };

    input.addEventListener("input", open);
    input.addEventListener("click", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (options.hidden) open();
        setActive(active + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !options.hidden) {
        event.preventDefault();
        options.children[active]?.click();
      } else if (event.key === "Escape" && !options.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
      } else if (event.key === "Backspace" && !input.value && select.selectedOptions.length) {
        setChosen([...select.selectedOptions].at(-1), false);
      }
    });

    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    input.id = `${select.id}-find`;
    options.id = listId;
    input.setAttribute("aria-controls", listId);
    if (label) label.htmlFor = input.id;
    else input.setAttribute("aria-label", select.getAttribute("aria-label") || "");
    options.setAttribute("aria-label", label?.textContent.trim() || input.getAttribute("aria-label"));
    const help = select.getAttribute("aria-describedby");
    if (help) input.setAttribute("aria-describedby", help);
    select.hidden = true;
    select.after(picker);
    showChosen();
  };

  const enhanceAll = (root) => {
    for (const select of root.querySelectorAll("select[multiple]:not([hidden])")) enhance(select);
  };
  enhanceAll(document);
  document.addEventListener("htmx:afterSettle", () => enhanceAll(document));
})();
