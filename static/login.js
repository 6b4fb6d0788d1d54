/* Says in time that the login is about to end, and keeps it alive when asked to. */
(() => {
  "use strict";
  const box = document.getElementById("login-end");
  if (!box) return;
  const said = document.getElementById("login-until");
  const form = box.querySelector("form");
  const status = box.querySelector("[data-failed]");
  const [idle, left, warning] = ["idle", "left", "warning"].map((name) => Number(box.dataset[name]) * 1000);
  const opened = Date.now();
  const served = Date.parse(box.dataset.at);
  const tabs = new BroadcastChannel(`login ${form.action}`);
  const first = opened + Math.min(idle, left);
  let last = opened + left;
  let end = first;
  let shown = "";

  const oslo = new Intl.DateTimeFormat("nb", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Oslo" });

  const written = (moment) => oslo.format(served + moment - first);
  const move = (moment) => {
    said.textContent = said.textContent.replace(written(end), written(moment));
    end = moment;
    if (shown) box.close();
    shown = "";
  };
  const prolong = () => {
    move(Math.min(Date.now() + idle, last));
    tabs.postMessage({ end, last });
  };
  const show = (state) => {
    if (shown === state) return;
    shown = state;
    for (const part of box.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
    status.textContent = "";
    box.setAttribute("aria-labelledby", `login-end-${state}`);
    if (box.open) box.close();
    box.showModal();
  };
  const look = () => {
    const rest = end - Date.now();
    if (rest <= 0) show("ended");
    else if (rest <= warning) show(end < last ? "soon" : "last");
  };
  const stay = async () => {
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request-Type": "partial" },
      });
      if (answer.ok) prolong();
      else if (answer.status < 500) show("ended");
      else throw new Error();
    } catch {
      status.textContent = status.dataset.failed;
    }
  };

  form.addEventListener("submit", (event) => { event.preventDefault(); stay(); });
  box.querySelector("button[type=button]").addEventListener("click", () => box.close());
  box.addEventListener("cancel", (event) => {
    if (shown !== "soon") return;
    event.preventDefault();
    stay();
  });
  // Whatever is sent keeps the login alive; what a page asks for by itself does not.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.request.method.toUpperCase() === "POST" && ctx.response.status < 400) prolong();
  });
  tabs.addEventListener("message", ({ data }) => {
    if (data.end <= end) return;
    last = Math.max(last, data.last);
    move(data.end);
  });
  tabs.postMessage({ end, last });
  setInterval(look, 1000);
})();
