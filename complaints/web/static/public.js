// A form is sent once: a second tap on a slow network must not file a second complaint.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});
// Coming back by the back button, the form can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) { delete form.dataset.sent; form.removeAttribute("aria-busy"); }
});
// A file is chosen by a button that speaks the page's language, and its name is told.
for (const input of document.querySelectorAll("[data-choose]")) {
  const button = Object.assign(document.createElement("label"), { className: "button choose", htmlFor: input.id, textContent: input.dataset.choose });
  const names = Object.assign(document.createElement("p"), { className: "chosen", role: "status" });
  input.classList.add("hidden");
  input.after(button, names);
  input.addEventListener("change", () => {
    names.textContent = [...input.files].map((file) => file.name).join(", ");
    button.textContent = input.files.length ? input.dataset.again : input.dataset.choose;
  });
}
// What was typed outlives a lost connection; it goes with the tab, or once the complaint has been taken.
try {
  const form = document.querySelector("form[data-draft]"), key = `draft:${location.pathname}`;
  if (location.pathname.startsWith("/c/")) {
    const done = (name) => name.startsWith("draft:/r/") || (name === key && location.search.includes("said="));
    Object.keys(sessionStorage).filter(done).forEach((name) => sessionStorage.removeItem(name));
  }
  if (form) {
    const fields = ["text", "contact", "payment_reference"].map((name) => form.elements[name]).filter(Boolean);
    const kept = JSON.parse(sessionStorage.getItem(key) || "{}");
    for (const field of fields) field.value ||= kept[field.name] || "";
    form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields.map((f) => [f.name, f.value])))));
  }
} catch { /* A browser that keeps nothing: then nothing is kept. */ }
// After a mistake the cursor stands where something is to be put right.
document.querySelector("[aria-invalid]")?.focus();
