// The page: its state, which its address holds, and what changes it.

import { ask, later, latest, path, Problem } from "./client.js";
import { read as readDocument, forget, show as showDocument, showMissing } from "./document.js";
import { byID, count, element, milliseconds, shortened } from "./elements.js";
import { joined, suggest } from "./filters.js";
import { link, links, markOpen, showExplanation, showHits } from "./hits.js";
import { prepare as prepareMap, update as updateMap } from "./map.js";

/** What is shown. The names are those in the address, after `#`, which browsers do not send to servers. */
const initial = {
  c: "", q: "", like: "", mode: "hybrid", where: "", k: "10", doc: "", why: "", map: "", color: "",
};
const searched = ["c", "q", "like", "mode", "where", "k"];
const page = 20;

let state = { ...initial };
let collections = [];
let found = { hits: [] };
const isWide = matchMedia("(min-width: 62rem)");

// State and address.

const differs = (a, b, names = Object.keys(initial)) => names.some((name) => a[name] !== b[name]);

function address(changes = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...state, ...changes })) {
    if (value !== initial[name] || name === "c") parameters.set(name, value);
  }
  return `#${parameters}`;
}

function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(
    Object.entries(initial).map(([name, value]) => [name, given.get(name) ?? value]));
}

/**
 * Changes what is shown.
 *
 * @param how `push` makes an entry in the browser's history, `replace` changes the newest
 */
async function change(changes, how = "push") {
  const before = state;
  state = { ...state, ...changes };
  if (!differs(before, state)) return;
  if (how === "push") history.pushState(null, "", address());
  if (how === "replace") history.replaceState(null, "", address());
  syncForm();
  if (before.why !== state.why) render();
  const isSearch = differs(before, state, searched);
  if (isSearch) await search();
  // After a search the document shows what was found in it.
  await Promise.all([
    isSearch && state.doc || differs(before, state, ["c", "doc"]) ? openDocument() : undefined,
    showMap(),
  ]);
}

function syncForm() {
  for (const [id, name] of [["query", "q"], ["where", "where"], ["limit", "k"], ["collection", "c"]]) {
    if (byID(id).value !== state[name]) byID(id).value = state[name];
  }
  for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === state.mode;
  document.title = state.q ? `${shortened(state.q, 60)} · vdb` : "vdb";
}

// Searching.

async function search() {
  await latest("search", async (signal) => {
    try {
      if (state.q || state.like) await query(signal);
      else await browse(signal);
      setFilterError();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code?.startsWith("filter")) setFilterError(error.message);
      if (!error.code?.startsWith("filter")) showFailure(error);
      else if (links().length === 0) byID("status").textContent = "The filter cannot be read.";
    }
  });
}

/** What is sent for the query, or for a document that others are to be similar to. */
async function question(signal) {
  // Most similar to a document is that document.
  const shared = { k: Number(state.k) + (state.like ? 1 : 0), explain: true };
  if (state.where.trim()) shared.where = state.where;
  if (!state.like) return { ...shared, query: state.q, mode: state.mode };
  const model = await readDocument(state.c, state.like, signal);
  if (!model) throw new Problem(404, "documents_missing", "There is no such document.");
  shared.mode = "dense";
  // Of a document of several passages, the beginning stands for it.
  return model.vector
    ? { ...shared, vector: model.vector }
    : { ...shared, query: `${model.title} ${model.text.slice(0, 1000)}` };
}

async function query(signal) {
  const answer = await ask(path(state.c, "/query"), await question(signal), signal);
  found = answer;
  if (state.like) {
    found.hits = answer.hits.filter(({ id }) => id !== state.like).slice(0, Number(state.k))
      // The words of the document were not asked for.
      .map((hit) => ({ ...hit, highlights: [], snippet: null }));
  }
  const number = count(answer.hits.length, "hit");
  byID("status").replaceChildren(`${number} in ${milliseconds(answer.took_ms)}`);
  if (state.like) {
    const { title, id } = await readDocument(state.c, state.like, signal);
    byID("status").append(" similar to ", element("bdi", {}, `“${shortened(title || id, 60)}”`));
  }
  byID("show-why").hidden = answer.hits.length === 0;
  byID("more").hidden = true;
  showExplanation(answer);
  render();
}

const options = (mode) => ({
  mode, addFilter, explains: state.why !== "" && Boolean(found.explanation),
  address: (id) => address({ doc: id }),
});

/** Without a query: the documents by their ids. */
async function browse(signal, after) {
  const parameters = new URLSearchParams({ limit: page });
  if (state.where.trim()) parameters.set("where", state.where);
  if (after !== undefined) parameters.set("after", after);
  const answer = await ask(path(state.c, `/documents?${parameters}`), undefined, signal);
  const isMore = after !== undefined;
  found = { hits: isMore ? [...found.hits, ...answer.documents] : answer.documents };
  byID("show-why").hidden = true;
  byID("more").hidden = answer.next === null;
  byID("more").onclick = () => latest("search", (signal) => browse(signal, answer.next));
  byID("status").textContent = state.where.trim()
    ? count(found.hits.length, "document") + (answer.next ? " and more" : "")
    : count(entry()?.documents ?? found.hits.length, "document");
  if (isMore) showHits(answer.documents, options(), true);
  else render();
}

function showNothing() {
  const isFiltered = state.where.trim() !== "";
  const hint = found.explanation
    ? [isFiltered ? "Nothing that matches the filter was found." : "Nothing was found."]
    : isFiltered ? ["No document matches the filter."] : ["This collection is empty. Store a document:", element("pre", {},
      `curl -X PUT ${new URL(path(state.c, "/documents/first"), location.href)} \\\n`
      + "  -H 'Content-Type: application/json' \\\n  -d '{\"title\": \"First\", \"text\": \"Words to find.\"}'")];
  byID("hits").replaceChildren(element("li.empty", {}, ...hint));
}

function showFailure(error) {
  byID("status").textContent = "";
  byID("show-why").hidden = true;
  byID("more").hidden = true;
  found = { hits: [] };
  render();
  byID("hits").replaceChildren(element("li.empty", { role: "alert" }, error.message));
}

function setFilterError(message) {
  byID("where-error").textContent = (message ?? "").replace(/^where, c/, "C");
  byID("where-error").hidden = !message;
  byID("where").setAttribute("aria-invalid", message ? "true" : "false");
}

const addFilter = (condition) => change({ where: joined(state.where, condition) });

/** Shows what was found. */
function render() {
  if (found.hits.length > 0) showHits(found.hits, options(found.mode));
  else showNothing();
  const isExplained = state.why !== "" && found.hits.length > 0 && Boolean(found.explanation);
  byID("why").hidden = !isExplained;
  byID("show-why").setAttribute("aria-expanded", String(isExplained));
  markOpen(state.doc);
}

const toggleWhy = () => change({ why: state.why ? "" : "1" }, "replace");

// The document.

async function openDocument() {
  if (!state.doc) {
    byID("document").hidden = true;
    byID("document").replaceChildren();
    markOpen("");
    setModal(false);
    return;
  }
  await latest("document", async (signal) => {
    try {
      const document = await readDocument(state.c, state.doc, signal);
      if (!document) return showMissing(state.doc, closeDocument);
      showDocument(document, found.hits.find(({ id }) => id === state.doc), {
        close: closeDocument, similar: findSimilar, addFilter,
      });
      markOpen(state.doc);
      setModal(true);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      showMissing(error.message, closeDocument);
    }
  });
}

/** On a narrow screen a document covers the rest. */
function setModal(isOpen) {
  const covers = isOpen && !isWide.matches;
  byID("results").inert = covers;
  document.querySelector(".bar").inert = covers;
  document.body.style.overflow = covers ? "hidden" : "";
}

async function closeDocument() {
  const last = state.doc;
  await change({ doc: "" });
  (link(last) ?? byID("query")).focus();
}

function findSimilar() {
  if (state.doc) change({ like: state.doc, q: "", ...(isWide.matches ? {} : { doc: "" }) });
}

async function openAndFocus(id) {
  await change({ doc: id });
  byID("document").focus();
}

// The map.

/** The collection that is shown, as the list has it. */
const entry = () => collections.find(({ collection }) => collection === state.c);

/** Whether there is a map: on a wide screen unless it was closed, on a narrow one if it was opened. */
const hasMap = () => (entry()?.dimensions > 0 && entry().documents > 2
  && (state.map || (isWide.matches ? "1" : "0")) === "1");

async function showMap() {
  byID("show-map").hidden = !(entry()?.dimensions > 0);
  byID("show-map").setAttribute("aria-pressed", String(hasMap()));
  byID("map").hidden = !hasMap();
  if (!hasMap()) return;
  const isSearch = state.q !== "" || state.like !== "";
  const lit = { query: state.q, ids: isSearch ? found.hits.map(({ id }) => id) : [] };
  await latest("map", async (signal) => {
    try { await updateMap(entry(), state.color, lit, state.doc, signal); } catch (error) {
      if (!(error instanceof Problem)) throw error;
      byID("map-note").textContent = error.message;
    }
  });
}

const toggleMap = () => change({ map: hasMap() ? "0" : "1" }, "replace");

// The keyboard.

function move(step) {
  const all = links();
  const place = all.indexOf(document.activeElement);
  if (place + step < 0) return byID("query").focus();
  const next = all[Math.min(all.length - 1, place + step)];
  next?.focus();
  if (next && state.doc && isWide.matches) {
    clearTimeout(move.timer);
    move.timer = setTimeout(() => change({ doc: next.closest("li").dataset.id }, "replace"), 90);
  }
}

function escape() {
  if (!byID("fields").hidden) byID("fields").hidden = true;
  else if (state.doc) closeDocument();
  else if (document.activeElement !== byID("query")) {
    byID("query").focus();
    byID("query").select();
  } else return false;
  return true;
}

const shortcuts = {
  "/": () => { byID("query").focus(); byID("query").select(); },
  f: () => byID("where").focus(),
  s: findSimilar,
  w: toggleWhy,
  m: toggleMap,
  "?": () => byID("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
    && event.target.type !== "radio";
  let isDone = true;
  if (event.key === "Escape") isDone = escape();
  else if (["ArrowDown", "ArrowUp"].includes(event.key)
    && (event.target === byID("query") || event.target.closest("#hits"))) {
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (!isTyping && shortcuts[event.key]) shortcuts[event.key]();
  else isDone = false;
  if (isDone) event.preventDefault();
});

// Events.

byID("query").addEventListener("input", later(
  () => change({ q: byID("query").value, like: "" }, "replace"), 160));
byID("where").addEventListener("input", later(
  () => change({ where: byID("where").value }, "replace"), 350));
byID("search").addEventListener("submit", (event) => {
  event.preventDefault();
  byID("fields").hidden = true;
  const q = byID("query").value;
  const changes = { q, where: byID("where").value, like: q ? "" : state.like };
  // What was typed is in the address already; it becomes an entry of its own in the history.
  if (differs(state, { ...state, ...changes })) change(changes);
  else history.pushState(null, "", address());
});
byID("limit").addEventListener("change", () => change({ k: byID("limit").value }));
byID("collection").addEventListener("change", () => {
  forget();
  change({ c: byID("collection").value, doc: "", like: "", color: "" });
});
for (const radio of document.getElementsByName("mode")) {
  radio.addEventListener("change", () => change({ mode: radio.value }));
}
byID("show-why").addEventListener("click", toggleWhy);
byID("show-map").addEventListener("click", toggleMap);
byID("show-help").addEventListener("click", () => byID("help").showModal());
byID("where").addEventListener("focus", () => entry() && suggest(entry(), (condition, isWhole) => {
  byID("where").value = isWhole
    ? joined(state.where, condition)
    : [state.where.trim(), condition].filter(Boolean).join(" AND ");
  byID("where").focus();
  if (isWhole) {
    byID("fields").hidden = true;
    change({ where: byID("where").value });
  }
}));
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".filter")) byID("fields").hidden = true;
});
byID("where").addEventListener("blur", (event) => {
  if (!event.relatedTarget?.closest(".filter")) byID("fields").hidden = true;
});
byID("hits").addEventListener("click", (event) => {
  const opened = event.target.closest("h2 a");
  if (!opened || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openAndFocus(opened.closest("li").dataset.id);
});
addEventListener("popstate", () => change(withCollection(fromAddress()), "none"));
isWide.addEventListener("change", () => {
  setModal(state.doc !== "");
  showMap();
});

// The beginning.

/** A state whose collection there is. */
function withCollection(given) {
  const names = collections.map(({ collection }) => collection);
  if (names.includes(given.c)) return given;
  const first = names.includes("default") ? "default" : names[0];
  return { ...given, c: given.c || first || "" };
}

async function start() {
  try {
    ({ collections } = await ask("v1/collections"));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return showFailure(error);
  }
  byID("collection").replaceChildren(...collections.map(({ collection, documents }) =>
    element("option", { value: collection, title: count(documents, "document") },
      shortened(collection, 60))));
  byID("collection").parentElement.classList.toggle("single", collections.length < 2);
  if (collections.length === 0) {
    state.c = "default";
    return showNothing();
  }
  prepareMap({ open: (doc) => change({ doc }), color: (color) => change({ color }) });
  if (matchMedia("(pointer: fine)").matches) byID("query").focus();
  await change(withCollection(fromAddress()), "replace");
}

start();
