// The technician's phone on a bad signal: what is typed stays here, what cannot be sent waits and goes out by itself.
(() => {
  const note = document.getElementById("signal");
  const forms = [...document.querySelectorAll("form[data-field]")];
  if (!note || !("indexedDB" in window)) return;
  const words = note.dataset;
  let busy = false, timer = 0;

  // --- drafts: words only, photos are chosen again
  const draftOf = (form) => `draft:${form.dataset.field}`;
  const typed = (form) => [...form.elements].filter((e) => e.name && e.type !== "file" && e.type !== "hidden" && e.type !== "submit");
  for (const form of forms) {
    const kept = JSON.parse(localStorage.getItem(draftOf(form)) || "{}");
    for (const e of typed(form)) {
      if (e.type === "radio" || e.type === "checkbox") { if (kept[e.name] !== undefined) e.checked = kept[e.name] === e.value; }
      else if (kept[e.name] && !e.value) e.value = kept[e.name];
    }
    form.addEventListener("input", () => {
      const said = {};
      for (const e of typed(form)) if (!["radio", "checkbox"].includes(e.type) || e.checked) said[e.name] = e.value;
      localStorage.setItem(draftOf(form), JSON.stringify(said));
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); keep(form).catch(() => form.submit()); });
  }

  // --- the queue: one drawer in this browser, in order
  const drawer = () => new Promise((done, fail) => {
    const asked = indexedDB.open("ohmbudsman", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("waiting", { keyPath: "n", autoIncrement: true });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const within = async (mode, act) => {
    const db = await drawer();
    return new Promise((done, fail) => {
      const moving = db.transaction("waiting", mode);
      const asked = act(moving.objectStore("waiting"));
      moving.oncomplete = () => { db.close(); done(asked.result); };
      moving.onerror = () => { db.close(); fail(moving.error); };
    });
  };
  const waiting = () => within("readonly", (store) => store.getAll());

  const say = (text, good = false) => { note.textContent = text; note.classList.toggle("on", !!text); note.classList.toggle("good", good); };
  const count = (text, n) => text.replace("%n", n);

  // A photo of 12 megapixels does not get out of a basement: 1600 pixels show what counts.
  const small = async (file) => {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < 400000 || !window.createImageBitmap) return file;
    try {
      const picture = await createImageBitmap(file);
      const by = Math.min(1, 1600 / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * by); canvas.height = Math.round(picture.height * by);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob((blob) => done(blob || file), "image/jpeg", 0.85));
    } catch { return file; }
  };

  async function keep(form) {
    const button = form.querySelector("button:not([type=button])");
    if (button?.disabled) return;
    if (button) button.disabled = true;
    const entries = [];
    for (const [name, value] of new FormData(form)) {
      if (value instanceof File) { if (value.size) entries.push([name, await small(value), value.name]); }
      else entries.push([name, value]);
    }
    entries.push(["tapped_at", new Date().toISOString()]);
    await within("readwrite", (store) => store.add({ url: form.action, entries, draft: draftOf(form), page: location.pathname }));
    say(words.sending);
    await flush();
    if (button) button.disabled = false;
  }

  async function flush() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    try {
      for (const job of await waiting()) if (!await send(job)) break;
    } finally { busy = false; }
    const left = (await waiting()).length;
    if (left) { if (!note.dataset.told) say(count(words.waiting, left)); timer = setTimeout(flush, 10000); }
    else if (!note.dataset.told) say("");
  }

  // True: it is off this phone, one way or the other. False: later.
  async function send(job) {
    const body = new FormData();
    const token = document.querySelector("input[name=token]")?.value;
    for (const [name, value, file] of job.entries) file ? body.append(name, value, file) : body.append(name, name === "token" && token ? token : value);
    let answer;
    try { answer = await fetch(job.url, { method: "POST", body, credentials: "same-origin" }); } catch { return false; }
    if (new URL(answer.url).pathname === "/login") { say(words.login); note.dataset.told = "1"; return false; }
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return false;
    await within("readwrite", (store) => store.delete(job.n));
    if (answer.ok) {
      localStorage.removeItem(job.draft);
      if (job.page === location.pathname) location.href = answer.url;
      else say(words.sent, true);
      return true;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    say([...page.querySelectorAll("main .wrong, main h1 + p")].map((e) => e.textContent.trim()).filter(Boolean).slice(0, 3).join(" ") || words.refused);
    note.dataset.told = "1";
    note.scrollIntoView({ block: "nearest" });
    return true;
  }

  window.addEventListener("online", () => { delete note.dataset.told; flush(); });
  window.addEventListener("offline", () => say(words.offline));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  flush();
})();
