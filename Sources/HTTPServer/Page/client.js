// Requests to the server that the page came from.

const storedKey = "vdb-key";
let asking;

/** An answer that is not a success, with the server's sentence about it. */
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Asks for a key once, however many requests need one. */
function askForKey(wasRefused) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("key-dialog");
    const field = document.getElementById("key");
    document.getElementById("key-note").textContent =
      wasRefused ? "The server does not know that key." : "It is kept in this tab only.";
    field.value = "";
    dialog.addEventListener("close", () => {
      asking = undefined;
      if (field.value) sessionStorage.setItem(storedKey, field.value);
      resolve(field.value !== "");
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

/**
 * The answer to a request, as an object.
 *
 * @param path after the page's own, such as `v1/collections`
 * @param body what is sent by POST; without one it is a GET
 */
export async function ask(path, body, signal) {
  const key = sessionStorage.getItem(storedKey);
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "The server does not answer.");
  }
  if (response.status === 401 && await askForKey(key !== null)) return ask(path, body, signal);
  const answer = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return {};
  });
  if (!response.ok) {
    throw new Problem(
      response.status, answer.code, answer.detail ?? `The server answers ${response.status}.`);
  }
  return answer;
}

/** The path of a collection's operation. */
export const path = (collection, operation) =>
  `v1/collections/${encodeURIComponent(collection)}${operation}`;

const running = {};

/** Runs what takes time; a newer run of the same kind ends it. */
export async function latest(kind, body) {
  running[kind]?.abort();
  const control = new AbortController();
  running[kind] = control;
  document.body.classList.add("busy");
  try { await body(control.signal); } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    if (running[kind] === control) delete running[kind];
    document.body.classList.toggle("busy", Object.keys(running).length > 0);
  }
}

/** Calls `body` once it has not been asked for during `delay` milliseconds. */
export const later = (body, delay) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(body, delay);
  };
};
