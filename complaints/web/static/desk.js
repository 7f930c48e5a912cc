// The desk's few lines: keys, the panel, copying, and news of a case.
(() => {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");

  // What htmx loads into the panel opens it; a link works without all this as a page of its own.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== body) return;
    if (!panel.open) panel.showModal();
    const first = body.querySelector("[autofocus], textarea, input:not([type=hidden])");
    if (first) first.focus();
  });
  // Guards and mistakes come with 409 and 422: they are answers to be read, not failures.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if ([403, 404, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
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
  let focused = null;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
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
    focused = null;
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
