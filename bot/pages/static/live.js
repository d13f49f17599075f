// What makes a page live: forms that are sent without leaving it, and parts that the server replaces.
// Without a script every form works all the same, and the figures are there.
"use strict";

const nearEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

// Nodes that stay the same are left alone: with them the focus, half-written words and what is unfolded.
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  morphInside(old, fresh);
}

function morphInside(old, fresh) {
  const olds = [...old.childNodes];
  const news = [...fresh.childNodes];
  news.forEach((node, place) => (place < olds.length ? morph(olds[place], node) : old.append(node)));
  for (const node of olds.slice(news.length)) node.remove();
}

function patch(id, html) {
  const box = document.getElementById(id);
  if (!box) return;
  const followed = [...box.querySelectorAll("[data-scroll]")].filter(nearEnd);
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  morphInside(box, fresh.content);
  for (const part of followed) part.scrollTop = part.scrollHeight;
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
  for (const field of form.querySelectorAll("input[data-clear]")) field.value = "";
  const action = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  await fetch(action, { method: "POST", body, headers: { Accept: "text/plain" } });
});

for (const part of document.querySelectorAll("[data-scroll]")) part.scrollTop = part.scrollHeight;
if (document.body.dataset.events) listen(document.body.dataset.events);
