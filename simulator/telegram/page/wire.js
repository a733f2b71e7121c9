/** The control interface of the local Telegram, and its stream of events. */

const RETRY_MS = [300, 1000, 2000, 4000];

export class WireError extends Error {}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new WireError("The simulator does not answer.");
  }
  const body = await response.json().catch(() => null);
  if (body === null) throw new WireError("The simulator's answer broke off.");
  if (!response.ok) {
    const error = new WireError(body.error || body.description || `${response.status} ${response.statusText}`);
    error.status = response.status;
    throw error;
  }
  return body;
}

export const get = (path) => ask(path, { cache: "no-store" });

export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/**
 * Follow /sim/events for ever: *onEvent* gets each event, *onLink* "up" or "down".
 * After each "up" the caller fetches everything anew, since events sent meanwhile are gone.
 */
export function follow(onEvent, onLink) {
  let failures = 0;
  const open = () => {
    const source = new EventSource("/sim/events");
    source.onopen = () => {
      failures = 0;
      onLink("up");
    };
    source.onmessage = (message) => onEvent(JSON.parse(message.data));
    source.onerror = () => {
      // The browser's own retry gives up on some errors; ours never does.
      source.close();
      onLink("down");
      setTimeout(open, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
      failures += 1;
    };
    window.addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}
