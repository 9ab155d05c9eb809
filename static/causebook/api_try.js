// Loads Swagger UI once somebody asks for it: it is twenty times the script of a page.
(() => {
  "use strict";
  const button = document.getElementById("load-swagger");
  const sources = button.dataset.scripts.split(" ");
  const loadNext = () => {
    const script = document.createElement("script");
    script.src = sources.shift();
    script.addEventListener("load", () => (sources.length ? loadNext() : button.remove()));
    document.body.append(script);
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    loadNext();
  });
})();
