/** What the page knows: chats and their messages, kept in step with the simulator. */

import { get } from "./wire.js";

const chats = new Map();
const listeners = new Set();

export const allChats = () => [...chats.values()];
export const chat = (id) => chats.get(Number(id));
export const messagesOf = (id) => [...(chat(id)?.messages.values() ?? [])].sort((a, b) => a.message_id - b.message_id);
export const subscribe = (listener) => listeners.add(listener);

function tell(change) {
  for (const listener of listeners) listener(change);
}

function ensure(id, fields = {}) {
  const key = Number(id);
  if (!chats.has(key)) {
    chats.set(key, { id: key, name: `Chat ${key}`, role: "", kind: "user", messages: new Map(), unread: 0, typingUntil: 0, late: null });
  }
  return Object.assign(chats.get(key), fields);
}

/** Take the users and every chat's messages from the simulator; events that arrive meanwhile are applied after. */
export async function refresh() {
  for (const known of chats.values()) known.late ??= [];
  const [users, found] = await Promise.all([get("/sim/users"), get("/sim/chats")]);
  for (const user of users) {
    const name = user.name || user.first_name || `User ${user.id}`;
    const role = user.role ?? "";
    // "Stranger, stranger" says nothing twice.
    ensure(user.id, { name, role: role.toLowerCase() === name.toLowerCase() ? "not on the list" : role });
  }
  for (const group of found.filter((one) => one.type !== "private")) ensure(group.id, { name: group.title, role: "group", kind: "group" });
  await Promise.all(allChats().map(fetchMessages));
  tell({ kind: "refresh" });
}

async function fetchMessages(entry) {
  entry.late ??= [];
  try {
    const list = await get(`/sim/chats/${entry.id}/messages`);
    entry.messages = new Map(list.map((message) => [message.message_id, message]));
  } finally {
    const late = entry.late;
    entry.late = null;
    for (const event of late) apply(event);
  }
}

/** Apply one event of the stream and tell the listeners what changed. */
export function apply(event) {
  if (event.kind === "commands") return tell({ kind: "commands", chat: null });
  if (event.chat_id === undefined || event.chat_id === null) return undefined;
  const title = event.message?.chat?.title;
  const entry = ensure(event.chat_id, title ? { name: title, role: "group", kind: "group" } : {});
  if (entry.late) {
    entry.late.push(event);
    return undefined;
  }
  (APPLY[event.kind] ?? (() => undefined))(entry, event);
  return tell({ ...event, chat: entry });
}

const APPLY = {
  message(entry, event) {
    entry.messages.set(event.message.message_id, event.message);
    if (event.message.from?.is_bot) {
      entry.unread += 1;
      entry.typingUntil = 0;
    }
  },
  edit(entry, event) {
    entry.messages.set(event.message.message_id, event.message);
  },
  delete(entry, event) {
    for (const id of idsOf(event)) entry.messages.delete(id);
  },
  action(entry) {
    // Telegram shows an action for five seconds, or until the message comes.
    entry.typingUntil = performance.now() + 5000;
  },
};

export const idsOf = (event) =>
  event.message_ids ?? [event.message_id ?? event.message?.message_id].filter((id) => id !== undefined);

export function markRead(id) {
  const entry = chat(id);
  if (!entry || entry.unread === 0) return;
  entry.unread = 0;
  tell({ kind: "read", chat: entry });
}
