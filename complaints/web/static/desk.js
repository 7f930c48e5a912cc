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

  // j k / g ?
  const rows = () => [...document.querySelectorAll("[data-keys] tbody tr")];
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || panel?.open) return;
    if (event.target.closest("input, textarea, select")) { if (event.key === "Escape") event.target.blur(); return; }
    const keys = {
      j: () => step(1), k: () => step(-1), "?": () => { location.href = "/desk/help"; }, g: () => { location.href = "/desk"; },
      "/": () => document.querySelector("[data-key='/']")?.focus(),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // A case tells when it has changed; its parts then fetch themselves anew.
  const live = document.querySelector("[data-live]");
  if (live && "EventSource" in window) {
    const news = new EventSource(live.dataset.live);
    news.addEventListener("changed", () => htmx.trigger(document.body, "case-changed"));
    news.addEventListener("bye", () => news.close());
    window.addEventListener("pagehide", () => news.close());
  }
})();
