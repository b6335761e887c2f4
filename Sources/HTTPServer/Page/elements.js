// Building the document. Texts of documents are only ever inserted as text.

/** An element by its id. */
export const byID = (id) => document.getElementById(id);

/**
 * A new element.
 *
 * @param kind its name and classes, such as `p.snippet`
 * @param properties of the element; those named `aria-…` or `data-…` become attributes
 */
export function element(kind, properties = {}, ...children) {
  const [name, ...classes] = kind.split(".");
  const made = document.createElement(name);
  made.classList.add(...classes);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The UTF-16 indexes of places that are given in code points, in ascending order. */
export function indexes(text, places) {
  let point = 0;
  let index = 0;
  return places.map((place) => {
    for (; point < place && index < text.length; point++) {
      index += text.codePointAt(index) > 0xffff ? 2 : 1;
    }
    return index;
  });
}

/**
 * A part of a text with marks.
 *
 * @param marks pairs of places in the text, in code points, in order and apart
 * @param part the pair of places that is shown, with an ellipsis if more follows; all without it
 */
export function marked(text, marks, part) {
  const fragment = document.createDocumentFragment();
  const places = indexes(text, marks.flat());
  const [start, end] = part ? indexes(text, part) : [0, text.length];
  let last = start;
  for (let i = 0; i < places.length; i += 2) {
    const from = Math.max(places[i], start);
    const to = Math.min(places[i + 1], end);
    if (from >= to) continue;
    fragment.append(text.slice(last, from), element("mark", {}, text.slice(from, to)));
    last = to;
  }
  fragment.append(text.slice(last, end), part && end < text.length ? "…" : "");
  return fragment;
}

/** A long text shortened for a place that shows little of it. */
export const shortened = (text, length) =>
  text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…` : text;

const plain = new Intl.NumberFormat("en");
export const count = (number, one, many = `${one}s`) =>
  `${plain.format(number)} ${number === 1 ? one : many}`;
export const milliseconds = (number) =>
  number >= 100 ? `${Math.round(number)} ms` : `${Number(number.toPrecision(2))} ms`;
