(() => {
"use strict";
// The server says that something has changed, and the page asks for itself again. What is new in the
// answer is carried over into the page that is shown, so that focus and choices stay.

const byId = id => document.getElementById(id);
const patience = 40e3; // longer than two heartbeats
let source = null, heard = 0, busy = false, again = false;

// carry makes the element or text a like b, and keeps what is alike.
function carry(a, b) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName || a.id !== b.id) { a.replaceWith(b); return; }
  if (a.nodeType !== Node.ELEMENT_NODE) { if (a.data !== b.data) a.data = b.data; return; }
  for (const { name } of [...a.attributes]) if (!b.hasAttribute(name)) a.removeAttribute(name);
  for (const { name, value } of b.attributes) if (a.getAttribute(name) !== value) a.setAttribute(name, value);
  const old = [...a.childNodes], fresh = [...b.childNodes];
  const named = new Map(old.filter(e => e.id).map(e => [e.id, e]));
  let at = a.firstChild;
  for (const f of fresh) {
    const same = f.id ? named.get(f.id) : at && !at.id && at.nodeName === f.nodeName ? at : null;
    if (same && same.nodeName === f.nodeName) {
      if (same !== at) a.insertBefore(same, at); else at = at.nextSibling;
      carry(same, f);
    } else a.insertBefore(f, at);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

const alarms = () => new Map([...document.querySelectorAll("[data-alarm]")].map(e => [e.dataset.alarm, e]));

// show carries a new page over, and says which alarms are new.
function show(text) {
  const next = new DOMParser().parseFromString(text, "text/html"), before = alarms(), focused = document.activeElement?.id;
  document.title = next.title;
  for (const id of ["summary", "main"]) {
    const fresh = next.getElementById(id);
    if (fresh) carry(byId(id), fresh);
  }
  const time = next.querySelector("#live time");
  if (time) document.querySelector("#live time").textContent = time.textContent;
  if (focused && document.activeElement?.id !== focused) byId(focused)?.focus({ preventScroll: true });
  const said = [];
  for (const [key, e] of alarms()) {
    e.classList.toggle("fresh", !before.has(key));
    if (!before.has(key)) said.push(e.dataset.say);
  }
  if (said.length) byId("said").textContent = said.slice(0, 3).join(". ") + (said.length > 3 ? `. And ${said.length - 3} more alarms.` : "");
}

function state(on) {
  byId("live").className = "live small " + (on ? "on" : "off");
  byId("link").textContent = on ? "live," : "connection lost, as of";
}

function problem(text) {
  const p = byId("problem");
  p.textContent = text;
  p.hidden = !text;
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    do {
      again = false;
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (answer.ok) show(await answer.text());
    } while (again);
  } catch { state(false); } finally { busy = false; }
}

function connect() {
  source?.close();
  heard = Date.now();
  source = new EventSource(document.body.dataset.url);
  const hear = () => { heard = Date.now(); state(true); };
  source.onopen = hear;
  source.addEventListener("beat", hear);
  source.onmessage = () => { hear(); refresh(); };
  source.onerror = () => { state(false); if (source.readyState === EventSource.CLOSED) refresh(); };
}

// An EventSource comes back by itself, unless the server refused it or the connection hangs. A tab
// that nobody sees lets go of its own, of which a browser has six for a server, and asks now and then.
setInterval(() => {
  if (document.hidden) {
    if (Date.now() - heard > patience) { heard = Date.now(); refresh(); }
    return;
  }
  if (source.readyState === EventSource.CLOSED || Date.now() - heard > patience) connect();
}, 5e3);
document.addEventListener("visibilitychange", () => { if (document.hidden) source.close(); else connect(); });
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", e => { if (e.persisted) connect(); });

document.addEventListener("submit", async e => {
  const form = e.target;
  if (form.method !== "post" || form.dataset.plain) return;
  e.preventDefault();
  problem("");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.status === 401) { location.reload(); return; }
    const text = await answer.text();
    if (answer.ok) { show(text); byId("said").textContent = form.closest("#now") && (byId("verdict") ?? byId("expected"))?.textContent || "Noted."; } else problem(text);
  } catch { problem("The server does not answer. Nothing was noted."); }
});

connect();
})();
