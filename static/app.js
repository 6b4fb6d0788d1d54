/* What somebody chose before htmx was there is not lost on it. */
document.addEventListener("htmx:after:process", () => {
  for (const control of document.querySelectorAll("main option, main input[type=radio]")) {
    const isNew = control.matches("option")
      ? control.selected && control.value && !control.defaultSelected
      : control.checked && !control.defaultChecked;
    if (isNew) control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}, { once: true });

/* Who asks for help finds it open. */
document.addEventListener("click", ({ target }) => {
  if (target.closest("a[href='#help']")) document.getElementById("help").open = true;
});

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

/* Autosave: says when saving takes long or fails, and tries again. Nobody leaves a page before everything on it is
   saved; what is left when the page is put away is sent then. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form || !window.htmx) return;
  const status = document.getElementById("saved");
  const waits = [2000, 5000, 10000, 30000];
  let changed = 0;
  let saved = 0;
  let failures = 0;
  let wanted = null;
  let leaving = false;
  let retrying;
  let waiting;

  const isOwn = (event) => event.detail.ctx?.sourceElement === form;
  const say = (kind) => {
    const sentence = document.createElement("span");
    sentence.className = kind === "failed" ? "mistake" : "hint";
    sentence.textContent = form.dataset[kind];
    status.querySelector("span")?.remove();
    status.append(sentence);
  };
  const save = () => {
    clearTimeout(retrying);
    if (changed !== saved) htmx.trigger(form, "retry");
  };
  const leave = () => {
    leaving = true;
    form.requestSubmit(wanted);
    wanted = null;
  };
  const failed = (event) => {
    if (!isOwn(event) || leaving) return;
    clearTimeout(waiting);
    const code = event.detail.ctx?.response?.status ?? 0;
    // What the server refused it also explained; everything else is worth another try.
    if (code >= 400 && code < 500 && code !== 429) return void (wanted && leave());
    status.querySelector("[name=before]")?.remove(); // next time every answer is sent: nobody knows what arrived
    say("failed");
    clearTimeout(retrying);
    retrying = setTimeout(save, waits[Math.min(failures++, waits.length - 1)]);
  };

  form.addEventListener("change", () => {
    changed += 1;
    leaving = false;
  });
  form.addEventListener("submit", (event) => {
    if (leaving || changed === saved) return void (leaving = true);
    event.preventDefault();
    wanted = event.submitter;
    save();
  });
  // What a request holds is gathered now, even if it has to wait for the one before.
  document.addEventListener("htmx:config:request", (event) => { if (isOwn(event)) event.detail.ctx.holds = changed; });
  document.addEventListener("htmx:before:request", (event) => {
    if (!isOwn(event) || failures) return;
    clearTimeout(waiting);
    waiting = setTimeout(say, 1000, "saving");
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (!isOwn(event) || event.detail.ctx.response.status !== 200) return;
    clearTimeout(waiting);
    saved = Math.max(saved, event.detail.ctx.holds);
    failures = 0;
    if (!wanted) return;
    if (changed === saved) leave();
    else save();
  });
  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);
  window.addEventListener("online", save);
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
