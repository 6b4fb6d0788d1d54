/* What somebody chose before htmx was there is not lost on it. */
document.addEventListener("htmx:after:process", () => {
  for (const control of document.querySelectorAll("main option, main input[type=radio]")) {
    const isNew = control.matches("option")
      ? control.selected && control.value && !control.defaultSelected
      : control.checked && !control.defaultChecked;
    if (isNew) control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}, { once: true });

/* Says that an answer takes a while. */
document.addEventListener("submit", ({ target }) => {
  const status = target.querySelector("[data-waiting]");
  if (status) status.textContent = status.dataset.waiting;
});

/* A field is marked as wrong as long as something is said about it. */
document.addEventListener("htmx:after:swap", () => {
  for (const field of document.querySelectorAll("[aria-describedby$='-mistake']")) {
    const said = document.getElementById(`${field.id}-mistake`);
    if (said) field.setAttribute("aria-invalid", String(said.textContent.trim() !== ""));
  }
});

/* Autosave: says when saving failed and tries again, and sends what is left when the page is put away. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const status = document.getElementById("saved");
  const waits = [2000, 5000, 10000, 30000];
  let changed = 0;
  let sent = 0;
  let saved = 0;
  let failures = 0;
  let timer;
  let leaving = false;

  const isOwn = (event) => event.detail.ctx?.sourceElement === form;
  const again = () => {
    clearTimeout(timer);
    if (changed !== saved) htmx.trigger(form, "retry");
  };
  const failed = (event) => {
    const code = event.detail.ctx?.response?.status ?? 0;
    // What the server refused it also explained; everything else is worth another try.
    if (!isOwn(event) || leaving || (code >= 400 && code < 500 && code !== 429)) return;
    const sentence = document.createElement("span");
    sentence.className = "mistake";
    sentence.textContent = form.dataset.failed;
    status.replaceChildren(sentence); // with it goes the field `before`: next time every answer is sent
    clearTimeout(timer);
    timer = setTimeout(again, waits[Math.min(failures++, waits.length - 1)]);
  };

  form.addEventListener("change", () => { changed += 1; });
  form.addEventListener("submit", () => { leaving = true; });
  document.addEventListener("htmx:before:request", (event) => { if (isOwn(event)) sent = changed; });
  document.addEventListener("htmx:after:swap", (event) => {
    if (!isOwn(event) || event.detail.ctx.response.status !== 200) return;
    saved = sent;
    failures = 0;
  });
  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);
  window.addEventListener("online", again);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || leaving || changed === saved) return;
    const answers = new URLSearchParams(new FormData(form));
    answers.set("save", "1");
    navigator.sendBeacon(form.action, answers);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();

/* A button beside each text that is there to be copied. Where the clipboard is closed to us the text is marked. */
for (const field of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  const status = document.createElement("span");
  button.type = "button";
  button.className = "button button-quiet";
  button.textContent = field.dataset.copy;
  button.setAttribute("aria-label", `${field.dataset.copy}: ${field.labels[0].textContent}`);
  status.className = "copied";
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    let isCopied = true;
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      isCopied = document.execCommand("copy");
    }
    status.textContent = isCopied ? field.dataset.copied : field.dataset.marked;
  });
  field.after(button, status);
}
