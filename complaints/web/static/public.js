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
