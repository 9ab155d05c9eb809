// Charts that the server draws: the values under a crosshair, by pointer or keys, and a closer view of a part.
// What is drawn is in the SVG: charts.py says how. Parts of columns show their title at once.
(() => {
  "use strict";
  const CLOSEST = 8; // Fewer points are not worth a view of their own.
  const FLATTEST = 4; // Units of the drawing that fill its height at least: closer, noise would look like news.
  const NEAR = 7; // Pixels from a mark at which it is named.
  const views = new Map(); // By the chart's label, so that a reload of its part leaves it as it was.
  const zone = document.documentElement.dataset.timeZone || "UTC";

  const charts = new WeakMap();
  const parts = document.getElementById("chart-parts").content;
  const copyOf = (selector) => document.importNode(parts.querySelector(selector), true);

  const timeFormat = (span) => new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit",
    ...(span > 86400 ? { day: "numeric", month: "short" } : {}),
    ...(span < 1800 ? { second: "2-digit" } : {}),
  });

  class Chart {
    constructor(svg) {
      this.svg = svg;
      this.plot = svg.querySelector(".plot");
      this.start = Number(svg.dataset.start);
      this.end = Number(svg.dataset.end);
      [this.left, this.top, this.width, this.height] = this.plot.getAttribute("viewBox").split(" ").map(Number);
      this.series = [...svg.querySelectorAll("[data-times]")].map((line) => this.read(line));
      this.marks = [...svg.querySelectorAll(".mark")].map((line) => ({
        at: this.timeAt(line.x1.baseVal.value), label: line.textContent,
      })).sort((a, b) => a.at - b.at);
      this.ticks = [...svg.querySelectorAll(".tick")];
      this.axis = [...svg.querySelectorAll(".grid, .value")];
      this.selection = copyOf(".selection");
      this.crosshair = copyOf(".crosshair");
      this.dots = this.series.map(() => copyOf(".point"));
      svg.append(this.selection, this.crosshair, ...this.dots);
      svg.after(copyOf(".chart-value"));
      this.value = svg.nextElementSibling.querySelector("output");
      this.named = svg.nextElementSibling.querySelector(".chart-marks");
      this.reset = svg.nextElementSibling.querySelector("button");
      this.reset.addEventListener("click", () => this.view(this.start, this.end));
      for (const [key, value] of [["y", this.top], ["height", this.height]]) {
        this.selection.setAttribute(key, value);
      }
      this.crosshair.setAttribute("y1", this.top);
      this.crosshair.setAttribute("y2", this.top + this.height);
      svg.tabIndex = 0;
      svg.setAttribute("role", "application");
      this.listen();
      const [from, until] = views.get(this.name) || [this.start, this.end];
      this.view(from, until);
      this.hide();
    }

    get name() { return this.svg.getAttribute("aria-label"); }

    read(line) {
      const times = line.dataset.times.split(" ").map(Number);
      for (let place = 1; place < times.length; place += 1) times[place] += times[place - 1];
      const ys = Array.from(line.points, (point) => point.y);
      return { name: line.dataset.name || "", times, values: line.dataset.values.split("|"), ys };
    }

    timeAt(x) { return this.start + (x - this.left) / this.width * (this.end - this.start); }

    // Where a time is in the drawing, as it is zoomed.
    x(at) { return this.left + (at - this.from) / (this.until - this.from) * this.width; }

    // Where a height of the whole drawing is, as it is zoomed.
    y(drawn) { return this.top + (drawn - this.highest) / this.tall * this.height; }

    pointed(event) {
      const box = this.svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * this.svg.viewBox.baseVal.width;
      const share = Math.max(0, Math.min(1, (x - this.left) / this.width));
      return this.from + share * (this.until - this.from);
    }

    words(at) {
      if (!("relative" in this.svg.dataset)) return timeFormat(this.until - this.from).format(at * 1000);
      return `${at < 0 ? "−" : "+"}${Math.abs(at / 60).toFixed(0)} min`;
    }

    nearest(times, at) {
      let [low, high] = [0, times.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] <= at) low = middle;
        else high = middle;
      }
      return at - times[low] <= times[high] - at ? low : high;
    }

    show(at, followed = false) {
      const first = this.series[0];
      this.place = this.nearest(first.times, at);
      this.at = first.times[this.place];
      const shown = this.series.map((each, number) => {
        const place = this.nearest(each.times, this.at);
        const dot = this.dots[number];
        dot.setAttribute("cx", this.x(each.times[place]));
        dot.setAttribute("cy", this.y(each.ys[place]));
        return `${each.name} ${each.values[place]}`.trim();
      });
      this.crosshair.setAttribute("x1", this.x(this.at));
      this.crosshair.setAttribute("x2", this.x(this.at));
      this.value.firstElementChild.textContent = [this.words(this.at), ...shown].join(" · ");
      this.named.textContent = followed ? "" : this.marksNear(this.at).join(" · ");
      this.drawn(true);
      if (!followed) this.others((chart) => chart.show(this.at, true));
    }

    hide(followed = false) {
      this.drawn(false);
      this.value.firstElementChild.textContent = "";
      this.named.textContent = "";
      if (!followed) this.others((chart) => chart.hide(true));
    }

    marksNear(at) {
      const reach = NEAR / this.svg.getBoundingClientRect().width * this.svg.viewBox.baseVal.width;
      const near = this.marks.filter((mark) => Math.abs(this.x(mark.at) - this.x(at)) <= reach);
      return [...new Set(near.map((mark) => mark.label))];
    }

    drawn(visible) {
      for (const each of [this.crosshair, ...this.dots]) {
        each.setAttribute("visibility", visible ? "visible" : "hidden");
      }
    }

    // The same moment in the charts beside this one.
    others(act) {
      for (const svg of this.svg.closest(".charts")?.querySelectorAll(".chart") || []) {
        if (svg !== this.svg && charts.has(svg)) act(charts.get(svg));
      }
    }

    view(from, until) {
      const whole = from <= this.start && until >= this.end;
      [this.from, this.until] = whole ? [this.start, this.end] : [from, until];
      if (whole) views.delete(this.name);
      else views.set(this.name, [from, until]);
      const scale = this.width / (this.end - this.start);
      const [x, width] = [this.left + (this.from - this.start) * scale, (this.until - this.from) * scale];
      const shown = whole ? [] : this.visible();
      this.fitHeight(shown);
      this.plot.setAttribute("viewBox", [x, this.highest, width, this.tall].join(" "));
      this.reset.hidden = whole;
      for (const each of this.svg.querySelectorAll(".tick, .grid, .value")) each.remove();
      if (whole) this.plot.before(...this.ticks);
      else this.drawTicks();
      if (shown.length) this.drawAxis(shown);
      else this.plot.before(...this.axis);
    }

    // The points of the view, the highest first.
    visible() {
      const points = this.series.flatMap(({ times, values, ys }) => times
        .map((at, place) => ({ at, value: values[place], y: ys[place] }))
        .filter(({ at }) => at >= this.from && at <= this.until));
      return points.sort((a, b) => a.y - b.y);
    }

    // The height follows the points of the view, with some room; those of a whole chart are drawn to fit.
    fitHeight(shown) {
      [this.highest, this.tall] = [this.top, this.height];
      if (!shown.length) return;
      const [high, low] = [shown[0].y, shown[shown.length - 1].y];
      this.tall = Math.min(this.height, Math.max((low - high) * 1.1, FLATTEST));
      const middle = (high + low - this.tall) / 2;
      this.highest = Math.max(this.top, Math.min(middle, this.top + this.height - this.tall));
    }

    // Lines at the highest and the lowest value of the view, with their own words.
    drawAxis(shown) {
      const [line, text] = [this.axis.find((each) => each.matches(".grid")), this.axis.find((each) => each.matches(".value"))];
      const [highest, lowest] = [shown[0], shown[shown.length - 1]];
      for (const point of highest.value === lowest.value ? [highest] : [highest, lowest]) {
        const [at, words] = [line.cloneNode(), text.cloneNode()];
        const y = this.y(point.y);
        at.setAttribute("y1", y);
        at.setAttribute("y2", y);
        words.setAttribute("y", y + 3);
        words.textContent = point.value;
        this.plot.before(at, words);
      }
    }

    drawTicks() {
      for (let share = 1; share < 6; share += 1) {
        const at = this.from + share / 6 * (this.until - this.from);
        const tick = this.svg.insertBefore(copyOf(".tick"), this.plot);
        tick.setAttribute("x", this.x(at));
        tick.setAttribute("y", this.svg.viewBox.baseVal.height - 5);
        tick.textContent = this.words(at);
      }
    }

    zoom(from, until) {
      const inside = this.series[0].times.filter((at) => at >= from && at <= until).length;
      if (inside < CLOSEST) return;
      this.view(Math.max(this.start, from), Math.min(this.end, until));
    }

    zoomAround(at, factor) {
      const span = (this.until - this.from) * factor;
      const from = Math.max(this.start, Math.min(at - span / 2, this.end - span));
      if (span >= this.end - this.start) this.view(this.start, this.end);
      else this.zoom(from, from + span);
      this.show(at);
    }

    select(from, until) {
      const [left, right] = [this.x(Math.min(from, until)), this.x(Math.max(from, until))];
      this.selection.setAttribute("x", left);
      this.selection.setAttribute("width", right - left);
    }

    listen() {
      let dragged = null;
      this.svg.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        dragged = this.pointed(event);
        this.svg.setPointerCapture(event.pointerId);
      });
      this.svg.addEventListener("pointermove", (event) => {
        const at = this.pointed(event);
        this.show(at);
        if (dragged !== null) this.select(dragged, at);
      });
      const drop = (event, zooms) => {
        const from = dragged;
        dragged = null;
        if (from === null) return;
        this.select(this.from, this.from);
        const until = this.pointed(event);
        const moved = Math.abs(this.x(until) - this.x(from)) > NEAR;
        if (zooms && moved) this.zoom(Math.min(from, until), Math.max(from, until));
        this.show(until);
      };
      this.svg.addEventListener("pointerup", (event) => drop(event, true));
      this.svg.addEventListener("pointercancel", (event) => drop(event, false));
      this.svg.addEventListener("pointerleave", () => { if (dragged === null) this.hide(); });
      this.svg.addEventListener("dblclick", () => this.view(this.start, this.end));
      this.svg.addEventListener("focus", () => {
        this.value.setAttribute("aria-live", "polite");
        if (this.svg.matches(":focus-visible")) this.show(this.at ?? this.until);
      });
      this.svg.addEventListener("blur", () => {
        this.value.setAttribute("aria-live", "off");
        this.hide();
      });
      this.svg.addEventListener("keydown", (event) => this.press(event));
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { times } = this.series[0];
      const at = this.at ?? this.until;
      const step = (count) => this.show(times[Math.max(0, Math.min(times.length - 1, (this.place ?? 0) + count))]);
      const beyond = (side) => {
        const places = this.marks.map((mark) => this.nearest(times, mark.at) - this.place);
        const ahead = places.filter((each) => each * side > 0).map((each) => each * side);
        if (ahead.length) step(Math.min(...ahead) * side);
      };
      const acts = {
        ArrowLeft: () => step(event.shiftKey ? -10 : -1),
        ArrowRight: () => step(event.shiftKey ? 10 : 1),
        Home: () => this.show(this.from),
        End: () => this.show(this.until),
        PageUp: () => beyond(-1),
        PageDown: () => beyond(1),
        "+": () => this.zoomAround(at, 0.5),
        "-": () => this.zoomAround(at, 2),
        0: () => this.view(this.start, this.end),
      };
      if (!Object.hasOwn(acts, event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      acts[event.key]();
    }
  }

  // The parts of columns: what their title says, below the chart.
  const showTitles = (svg) => {
    svg.after(copyOf(".chart-value"));
    const value = svg.nextElementSibling.querySelector("output span");
    const show = (event) => {
      value.textContent = event.target.closest("a, rect")?.querySelector("title")?.textContent || "";
    };
    const clear = () => { value.textContent = ""; };
    for (const name of ["pointerover", "focusin"]) svg.addEventListener(name, show);
    for (const name of ["pointerleave", "focusout"]) svg.addEventListener(name, clear);
  };

  const prepare = (root) => {
    for (const svg of root.querySelectorAll("svg.chart[data-start], svg.bars")) {
      if (charts.has(svg)) continue;
      charts.set(svg, svg.matches(".chart") ? new Chart(svg) : showTitles(svg));
    }
  };
  prepare(document);
  document.addEventListener("htmx:afterSettle", (event) => prepare(event.target));
})();
