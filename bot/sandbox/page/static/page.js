// Updates the page without a reload: only regions whose HTML has changed are replaced, and typed text, focus and
// scroll positions are kept. Without this script every form still works.
"use strict";

const regions = () => [...document.querySelectorAll("[data-live]")];
const servedHtml = new Map(regions().map((region) => [region.id, region.innerHTML]));
let version = document.body.dataset.version;
let busy = false;

document.documentElement.classList.add("js");
for (const region of document.querySelectorAll("[data-bottom]")) region.scrollTop = region.scrollHeight;
focusModal();

function focusModal() {
  const first = document.querySelector("dialog .error")?.parentElement.querySelector("input:not([type=hidden]), textarea, select")
    ?? document.querySelector("dialog .blocks :is(input:not([type=hidden]), textarea, select, button), dialog footer button");
  first?.focus();
}

function saveState(region) {
  const active = region.contains(document.activeElement) ? document.activeElement : null;
  return {
    focus: active && { id: active.id, start: active.selectionStart, end: active.selectionEnd },
    typed: [...region.querySelectorAll("input[id]:not([type=hidden]), textarea[id], select[id]")].map((field) => [field.id, field.value]),
    open: [...region.querySelectorAll("details[id]")].map((details) => [details.id, details.open]),
    top: region.scrollTop,
    atBottom: region.scrollHeight - region.scrollTop - region.clientHeight < 60,
  };
}

function restoreState(region, state) {
  for (const [id, value] of state.typed) { const field = document.getElementById(id); if (field) field.value = value; }
  for (const [id, open] of state.open) { const details = document.getElementById(id); if (details) details.open = open; }
  region.scrollTop = region.hasAttribute("data-bottom") && state.atBottom ? region.scrollHeight : state.top;
  const again = state.focus?.id && document.getElementById(state.focus.id);
  if (again) {
    again.focus({ preventScroll: true });
    try { again.setSelectionRange(state.focus.start, state.focus.end); } catch { /* this field has no selection */ }
  }
}

function swap(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const thread = document.getElementById("thread"), nextThread = next.getElementById("thread");
  if (document.querySelector("h1")?.textContent !== next.querySelector("h1")?.textContent || !thread !== !nextThread) return false;
  for (const region of regions()) {
    const fresh = next.getElementById(region.id);
    if (!fresh || fresh.innerHTML === servedHtml.get(region.id)) continue;
    if (region.querySelector(":popover-open, details.menu[open]")) { version = "stale"; continue; }
    const state = saveState(region), previousModal = document.querySelector("dialog")?.id;
    servedHtml.set(region.id, fresh.innerHTML);
    region.innerHTML = fresh.innerHTML;
    if (region.id === "modal") document.getElementById("columns").inert = Boolean(document.querySelector("dialog"));
    if (region.id === "modal" && document.querySelector("dialog")?.id !== previousModal) focusModal();
    else restoreState(region, state);
  }
  return true;
}

async function refresh() {
  if (busy || document.hidden) return;
  try {
    const current = String((await (await fetch("/version")).json()).version);
    if (current === version) return;
    version = current;
    const response = await fetch(location.href);
    if (!busy && response.ok) swap(await response.text());
  } catch { /* the sandbox does not respond; the next refresh may succeed */ }
}
setInterval(refresh, 700);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = event.submitter, body = new FormData(form, button);
  button?.closest("[popover]")?.hidePopover();
  button?.closest("details.menu")?.removeAttribute("open");
  button?.setAttribute("aria-busy", "true");
  busy = true;
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(body) });
    const html = await response.text();
    if (form.classList.contains("composer")) form.querySelector("[name=line]").value = "";
    if (!response.ok || !swap(html)) location.assign(response.url);
    else history.replaceState(null, "", response.url);
  } catch { form.submit(); } finally { busy = false; button?.removeAttribute("aria-busy"); }
});

document.addEventListener("change", (event) => {
  const owner = event.target.closest("[data-press]");
  owner?.parentElement.querySelector("button.go")?.click();
});

// An external_select: the bot suggests options for the typed text, and a hidden field has the chosen value.
let lastRequest = 0;
document.addEventListener("input", async (event) => {
  const box = event.target.closest(".suggest");
  if (!box || event.target.type === "hidden") return;
  const chosen = box.querySelector("input[type=hidden]");
  if (chosen) chosen.value = "";
  await suggest(box, event.target);
});

document.addEventListener("focusin", (event) => {
  const box = event.target.closest(".suggest");
  if (!box || !event.target.matches("input") || !box.querySelector(".suggestions").hidden) return;
  if (!box.querySelector("input[type=hidden]")?.value) suggest(box, event.target);
});

async function suggest(box, field) {
  let chosen = box.querySelector("input[type=hidden]");
  if (!chosen) {
    chosen = Object.assign(document.createElement("input"), { type: "hidden", name: field.name });
    field.removeAttribute("name");
    box.append(chosen);
  }
  const form = new FormData(field.form), query = new URLSearchParams({ action: box.dataset.suggest, typed: field.value });
  for (const key of ["as", "view", "channel", "ts"]) if (form.get(key)) query.set(key, form.get(key));
  const request = ++lastRequest;
  const { options } = await (await fetch(`/suggest?${query}`)).json();
  if (request !== lastRequest) return;
  const list = box.querySelector(".suggestions");
  list.replaceChildren(...options.map(({ value, text }) => {
    const entry = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    entry.setAttribute("role", "option");
    entry.addEventListener("click", () => {
      chosen.value = value;
      field.value = text;
      close(box);
      const go = box.parentElement.querySelector("button.go");
      if (go) go.click(); else field.focus();
    });
    return entry;
  }));
  list.hidden = options.length === 0;
  field.setAttribute("aria-expanded", String(!list.hidden));
}

function close(box) {
  lastRequest++;  // a response that is still to come must not open the list again
  box.querySelector(".suggestions").hidden = true;
  box.querySelector("[role=combobox]").setAttribute("aria-expanded", "false");
}

document.addEventListener("focusout", (event) => {
  const box = event.target.closest(".suggest");
  if (box && event.relatedTarget && !box.contains(event.relatedTarget)) close(box);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector(":popover-open")) {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.removeAttribute("open"); menu.querySelector("summary").focus(); }
    else document.querySelector("dialog .close")?.click();
  }
  if (event.key !== "Tab") return;
  const dialog = document.querySelector("dialog");
  if (!dialog) return;
  const stops = [...dialog.querySelectorAll("input:not([type=hidden]), textarea, select, button, a[href]")];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === edge) { event.preventDefault(); (event.shiftKey ? stops.at(-1) : stops[0]).focus(); }
});
