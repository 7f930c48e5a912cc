// The desk's few lines: keys, the panel, copying, and news of a case.
(() => {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");

  // What htmx loads into the panel opens it; a link works without all this as a page of its own.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    // A form that comes back with what is wrong takes its own place, in the panel or on a page of its own.
    const again = event.detail.target.classList.contains("panel-in");
    if (event.detail.target !== body && !again) return;
    if (!again && !panel.open) panel.showModal();
    const first = (panel.open ? body : document.querySelector("main")).querySelector("[autofocus], textarea, input:not([type=hidden])");
    if (first) first.focus();
  });
  // Guards and mistakes come with 409 and 422: they are answers to be read, not failures.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const panelled = event.detail.target === body || event.detail.target.classList.contains("panel-in");
    if ([403, 404, 409, 422].includes(event.detail.xhr.status) || (panelled && event.detail.xhr.status >= 400)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  // A click that came to nothing must not look like one that worked.
  const unsent = document.getElementById("unsent");
  for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.body.addEventListener(failed, () => { if (unsent) unsent.hidden = false; });
  document.body.addEventListener("htmx:afterOnLoad", (event) => { if (unsent && event.detail.xhr.status < 400) unsent.hidden = true; });
  panel?.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  panel?.addEventListener("close", () => { body.replaceChildren(); });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") && panel?.open) { event.preventDefault(); panel.close(); }
    const copy = event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) {
      const text = document.getElementById(copy.dataset.copy).textContent.trim();
      navigator.clipboard.writeText(text).then(() => { copy.textContent = copy.dataset.copied; });
    }
  });

  // After a mistake the cursor stands where something is to be put right.
  document.querySelector("main [aria-invalid]")?.focus();
  // On a phone the rows of links are wider than the screen: where one is stays in sight.
  for (const here of document.querySelectorAll(".sections [aria-current], .rooms [aria-current]")) {
    const row = here.parentElement;
    row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }

  // The chart: drag over a stretch to see it closer, a double click for twice as much, a sideways wheel to move on.
  const chartOf = (target) => target.closest?.("svg[data-chart]");
  const show = (svg, since, until) => {
    const [a, b] = [Math.floor(Math.min(since, until)), Math.ceil(Math.max(since, until))];
    htmx.ajax("GET", `${svg.dataset.chart}?since=${a}&until=${Math.max(b, a + 20)}`, { target: "#chart" });
  };
  const scale = (svg) => {
    const [since, until, left, right] = ["since", "until", "left", "right"].map((name) => Number(svg.dataset[name]));
    const box = (event) => (event.clientX - svg.getBoundingClientRect().left) * svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
    const within = (x) => Math.min(right, Math.max(left, x));
    return { since, until, left, right, x: (event) => within(box(event)), at: (x) => since + (x - left) / (right - left) * (until - since) };
  };
  let drag = null;
  document.addEventListener("pointerdown", (event) => {
    const svg = event.button === 0 && event.pointerType === "mouse" && chartOf(event.target);
    if (svg) drag = { svg, ...scale(svg), from: scale(svg).x(event), band: null };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || Math.abs(drag.x(event) - drag.from) < 4) return;
    if (!drag.band) {
      drag.band = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      drag.band.setAttribute("class", "band");
      drag.band.setAttribute("y", "0");
      drag.band.setAttribute("height", drag.svg.viewBox.baseVal.height);
      drag.svg.append(drag.band);
    }
    drag.to = drag.x(event);
    drag.band.setAttribute("x", Math.min(drag.from, drag.to));
    drag.band.setAttribute("width", Math.abs(drag.to - drag.from));
  });
  let dragged = false;
  document.addEventListener("pointerup", () => {
    dragged = Boolean(drag?.band);
    if (dragged) show(drag.svg, drag.at(drag.from), drag.at(drag.to));
    drag = null;
  });
  document.addEventListener("dragstart", (event) => { if (chartOf(event.target)) event.preventDefault(); });
  document.addEventListener("click", (event) => { if (dragged && chartOf(event.target)) { event.preventDefault(); event.stopPropagation(); } dragged = false; }, true);
  document.addEventListener("dblclick", (event) => {
    const svg = chartOf(event.target);
    if (!svg) return;
    const { since, until, at, x } = scale(svg), half = until - since;
    show(svg, at(x(event)) - half, at(x(event)) + half);
  });
  let wheeled = 0, rest = 0;
  document.addEventListener("wheel", (event) => {
    const svg = chartOf(event.target);
    if (!svg || Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    wheeled += event.deltaX;
    clearTimeout(rest);
    rest = setTimeout(() => {
      const { since, until } = scale(svg), by = wheeled / 600 * (until - since);
      wheeled = 0;
      show(svg, since + by, until + by);
    }, 60);
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    const icon = { ArrowLeft: "←", ArrowRight: "→", "+": "+", "=": "+", "-": "−" }[event.key];
    if (!icon || event.ctrlKey || event.metaKey || !document.activeElement?.classList.contains("chart")) return;
    event.preventDefault();
    document.querySelector(`#chart [data-zoom="${icon}"]`)?.click();
  });

  // A form is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((f) => delete f.dataset.sent));

  // j k x Enter / g ? m
  const rows = () => [...document.querySelectorAll("[data-keys] tbody tr")];
  const at = () => rows().findIndex((row) => row.contains(document.activeElement));
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const next = all[Math.min(all.length - 1, Math.max(0, at() < 0 ? 0 : at() + by))];
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const tick = () => rows()[at()]?.querySelector("input[type=checkbox]")?.click();
  const keysHelp = document.getElementById("keys");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("textarea, select, input:not([type=checkbox])");
    if (typing) { if (event.key === "Escape") event.target.blur(); return; }
    const keys = {
      j: () => step(1), k: () => step(-1), x: tick, "?": () => keysHelp?.showModal(), g: () => { location.href = "/desk"; },
      "/": () => document.querySelector("[data-key='/']")?.focus(), m: () => document.getElementById("say")?.focus(),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // What is ticked stays ticked while the list renews itself; the bar shows only with something in it.
  const ticked = new Set();
  const bulk = document.querySelector("[data-bulk]");
  const shown = () => {
    if (!bulk) return;
    bulk.hidden = !ticked.size;
    bulk.querySelector("[data-picked]").textContent = ticked.size;
  };
  document.addEventListener("change", (event) => {
    if (event.target.name !== "number" || event.target.type !== "checkbox") return;
    event.target.checked ? ticked.add(event.target.value) : ticked.delete(event.target.value);
    shown();
  });
  let focused = null, charted = false;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "chart") charted = Boolean(document.activeElement?.closest(".chart, .zooms"));
    if (event.detail.target.id === "rows") focused = document.activeElement?.closest("tr")?.dataset.number ?? null;
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    const there = new Set();
    document.querySelectorAll("#rows input[name=number]").forEach((box) => {
      there.add(box.value);
      box.checked = ticked.has(box.value);
    });
    if (bulk) [...ticked].filter((number) => !there.has(number)).forEach((number) => ticked.delete(number));
    if (focused) document.querySelector(`tr[data-number="${focused}"] a`)?.focus({ preventScroll: true });
    if (charted) document.querySelector(".chart")?.focus({ preventScroll: true });
    focused = null;
    charted = false;
    shown();
  });
  document.querySelectorAll("#rows input[name=number]:checked").forEach((box) => ticked.add(box.value));
  shown();

  // News: a case's parts fetch themselves anew; so does the list, unless somebody types in what would be replaced.
  const listen = (address, heard) => {
    if (!("EventSource" in window)) return;
    const news = new EventSource(address);
    Object.entries(heard).forEach(([name, what]) => news.addEventListener(name, what));
    news.addEventListener("bye", () => news.close());
    window.addEventListener("pagehide", () => news.close());
  };
  const live = document.querySelector("[data-live]");
  const company = document.getElementById("company");
  if (live) listen(live.dataset.live, {
    changed: () => htmx.trigger(document.body, "case-changed"),
    people: (event) => { company.hidden = !event.data; company.querySelector("span").textContent = event.data; },
  });
  const list = document.querySelector("[data-live-list]");
  if (list) listen(list.dataset.liveList, {
    changed: () => {
      if (document.activeElement?.closest("#views form")) return;
      htmx.ajax("GET", location.pathname + location.search, { target: "#rows", swap: "outerHTML" });
    },
  });
})();
