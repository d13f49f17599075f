// What makes a page live: forms that are sent without leaving it, and parts that the server replaces.
// Without a script every form works all the same, and the figures are there.
"use strict";

const nearEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

function patch(id, html) {
  const box = document.getElementById(id);
  if (!box) return;
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scrolls = [...box.querySelectorAll("[data-scroll]")].map((part) => [part.dataset.scroll, part.scrollTop, nearEnd(part)]);
  const unfolded = new Set([...box.querySelectorAll("details[open][data-key]")].map((part) => part.dataset.key));
  box.innerHTML = html;
  for (const part of box.querySelectorAll("details[data-key]")) part.open = part.open || unfolded.has(part.dataset.key);
  for (const [name, top, end] of scrolls) {
    const part = box.querySelector(`[data-scroll="${name}"]`);
    if (part) part.scrollTop = end ? part.scrollHeight : top;
  }
  if (focused) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function listen(source) {
  const events = new EventSource(source);
  events.addEventListener("patch", (event) => {
    const { id, html } = JSON.parse(event.data);
    patch(id, html);
  });
  events.addEventListener("open", () => { document.documentElement.dataset.live = "yes"; });
  events.addEventListener("error", () => { document.documentElement.dataset.live = "no"; });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/plain" } });
  if (!answer.ok) return;
  for (const field of form.querySelectorAll("input[data-clear]")) field.value = "";
});

for (const part of document.querySelectorAll("[data-scroll]")) part.scrollTop = part.scrollHeight;
if (document.body.dataset.events) listen(document.body.dataset.events);
