// Asks alertd. What fails is an error that says what failed and what to do next.

export class ApiError extends Error {
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint || "";
  }
}

let waiting = null;

async function ask(method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      method, signal, credentials: "same-origin", cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "alertd does not answer", "Is it running? Start it with alertd run; this page tries again when you do.");
  }
  if (answer.status === 401 && path !== "/api/session") {
    await signIn();
    return ask(method, path, body, signal);
  }
  let said;
  try {
    said = await answer.json();
  } catch {
    throw new ApiError(answer.status, `alertd answered ${answer.status}`, "The log of alertd says more.");
  }
  if (!answer.ok) throw new ApiError(answer.status, said.error || `alertd answered ${answer.status}`, said.hint);
  return said;
}

export const get = (path, query, signal) => {
  const given = Object.entries(query || {}).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const text = new URLSearchParams(given).toString();
  return ask("GET", text ? `${path}?${text}` : path, undefined, signal);
};
export const post = (path, body) => ask("POST", path, body);
export const end = (path) => ask("DELETE", path);

/** Asks for the token, once for all who wait for it. */
export function signIn() {
  if (waiting) return waiting;
  const dialog = document.getElementById("sign-in");
  const form = dialog.querySelector("form");
  const said = document.getElementById("sign-in-error");
  waiting = new Promise((resolve) => {
    const submit = async (event) => {
      event.preventDefault();
      try {
        await ask("POST", "/api/session", { token: form.elements.token.value });
      } catch (error) {
        said.hidden = false;
        said.textContent = `${error.message}. ${error.hint}`;
        form.elements.token.select();
        return;
      }
      form.removeEventListener("submit", submit);
      form.reset();
      said.hidden = true;
      dialog.close();
      waiting = null;
      resolve();
    };
    form.addEventListener("submit", submit);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
  });
  return waiting;
}
