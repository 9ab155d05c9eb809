// Graphs that the server draws: closer and further, moved by dragging, and the neighbours of a box marked.
// The view scrolls as any part of a page does: by wheel, touch, arrow keys, and to the link that gets the focus.
(() => {
  "use strict";
  const [SMALLEST, LARGEST, STEP] = [0.1, 3, 1.25];
  const MOVED = 5; // Pixels after which a press is a drag and no click.

  class Graph {
    constructor(root) {
      this.view = root.querySelector(".graph-view");
      this.svg = root.querySelector("svg");
      this.output = root.querySelector("output");
      [this.width, this.height] = [this.svg.width.baseVal.value, this.svg.height.baseVal.value];
      this.edges = [...this.svg.querySelectorAll("[data-from]")];
      this.boxes = [...this.svg.querySelectorAll("[data-node]")];
      this.acts = {
        "+": () => this.zoom(this.scale * STEP),
        "-": () => this.zoom(this.scale / STEP),
        0: () => this.fit(),
      };
      this.view.classList.add("zooms");
      const tools = root.querySelector(".graph-tools");
      tools.hidden = false;
      for (const button of tools.querySelectorAll("button")) {
        button.addEventListener("click", () => this.acts[button.value]());
      }
      this.view.addEventListener("keydown", (event) => this.press(event));
      this.view.addEventListener("wheel", (event) => this.turn(event), { passive: false });
      this.listenToDrags();
      this.listenToFingers();
      for (const name of ["pointerover", "focusin"]) {
        this.svg.addEventListener(name, (event) => this.mark(event.target));
      }
      for (const name of ["pointerleave", "focusout"]) this.svg.addEventListener(name, () => this.mark(null));
      this.fit();
    }

    fit() {
      const tallest = parseFloat(getComputedStyle(this.view).maxHeight) || this.height;
      this.zoom(Math.min(1, this.view.clientWidth / this.width, tallest / this.height));
    }

    // The point at `x`, `y` of the view stays where it is; by default its middle.
    zoom(wanted, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
      const scale = Math.max(SMALLEST, Math.min(LARGEST, wanted));
      const factor = scale / (this.scale || scale);
      const [left, top] = [(this.view.scrollLeft + x) * factor - x, (this.view.scrollTop + y) * factor - y];
      this.scale = scale;
      // Rounded down: a pixel more than the view has would make it scroll.
      this.svg.setAttribute("width", Math.floor(this.width * scale));
      this.svg.setAttribute("height", Math.floor(this.height * scale));
      this.view.scrollLeft = left;
      this.view.scrollTop = top;
      this.output.value = `${Math.round(scale * 100)} %`;
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(this.acts, event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      this.acts[event.key]();
    }

    // A pinch on a touchpad is a wheel with Ctrl too.
    turn(event) {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = this.view.getBoundingClientRect();
      const lines = Math.max(-3, Math.min(3, event.deltaY / 33));
      this.zoom(this.scale * STEP ** -lines, event.clientX - box.left, event.clientY - box.top);
    }

    listenToDrags() {
      let from = null;
      let dragged = false;
      this.view.addEventListener("pointerdown", (event) => {
        dragged = false;
        if (event.button || event.pointerType === "touch") return;
        from = [event.clientX + this.view.scrollLeft, event.clientY + this.view.scrollTop, event.clientX, event.clientY];
      });
      this.view.addEventListener("pointermove", (event) => {
        if (!from) return;
        const [x, y, startX, startY] = from;
        if (!dragged) {
          dragged = Math.hypot(event.clientX - startX, event.clientY - startY) > MOVED;
          if (dragged) this.view.setPointerCapture(event.pointerId);
        }
        if (!dragged) return;
        this.view.scrollLeft = x - event.clientX;
        this.view.scrollTop = y - event.clientY;
      });
      for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
        this.view.addEventListener(name, () => { from = null; });
      }
      this.view.addEventListener("dragstart", (event) => event.preventDefault());
      this.view.addEventListener("click", (event) => { if (dragged) event.preventDefault(); }, true);
    }

    listenToFingers() {
      let apart = 0;
      const distance = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      this.view.addEventListener("touchstart", (event) => {
        apart = event.touches.length === 2 ? distance(event.touches) : 0;
      }, { passive: true });
      this.view.addEventListener("touchmove", (event) => {
        if (event.touches.length !== 2 || !apart) return;
        event.preventDefault();
        const box = this.view.getBoundingClientRect();
        const [one, other] = event.touches;
        const now = distance(event.touches);
        const [x, y] = [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2];
        this.zoom(this.scale * now / apart, x - box.left, y - box.top);
        apart = now;
      }, { passive: false });
    }

    mark(target) {
      const node = target?.closest("a")?.querySelector("[data-node]")?.dataset.node;
      const near = new Set([node]);
      for (const edge of this.edges) {
        const ends = edge.dataset.to.split(" ");
        const leaves = edge.dataset.from === node;
        if (leaves) ends.forEach((end) => near.add(end));
        if (ends.includes(node)) near.add(edge.dataset.from);
        edge.classList.toggle("near", leaves || ends.includes(node));
      }
      for (const box of this.boxes) box.classList.toggle("near", Boolean(node) && near.has(box.dataset.node));
      this.svg.classList.toggle("marked", Boolean(node));
    }
  }

  for (const root of document.querySelectorAll(".js-graph")) new Graph(root);
})();
