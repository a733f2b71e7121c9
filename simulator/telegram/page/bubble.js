/** One Bot API message -> one bubble. */

import { el, icon, lightbox } from "./dom.js";
import { render } from "./entities.js";
import { keyboardOf } from "./keyboard.js";

export const dayOf = (message) => {
  const date = new Date(message.date * 1000);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
};

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** The message in one line, for the chat list and for quotes. */
export function snippet(message) {
  const text = (message.text ?? message.caption ?? "").replace(/\s+/g, " ").trim();
  if (message.photo) return text ? `Photo · ${text}` : "Photo";
  if (message.document) return text ? `${message.document.file_name ?? "File"} · ${text}` : message.document.file_name ?? "File";
  return text || "Message";
}

/** *act* gives {userId, send(text), reply(message), jump(messageId)}. */
export function bubble(message, act) {
  const own = !message.from?.is_bot;
  const content = el("div", { class: "bubble" },
    forwarded(message),
    quoted(message, act),
    photo(message),
    file(message),
    words(message, act));
  return el("article", {
    class: `message ${own ? "out" : "in"}${message.photo ? " with-photo" : ""}`,
    "data-message-id": message.message_id,
    "data-chat-id": message.chat.id,
    "data-role": "message",
    "data-from": own ? "user" : "bot",
    "aria-label": own ? "You" : "squawkbot",
  },
  el("div", { class: "stack" }, content, keyboardOf(message, act)),
  el("button", { type: "button", class: "icon-button reply-button", "aria-label": "Reply", "data-action": "reply", onclick: () => act.reply(message) }, icon("reply")));
}

function words(message, act) {
  const text = message.text ?? message.caption ?? "";
  const entities = message.text === undefined ? message.caption_entities : message.entities;
  return el("div", { class: `text${text ? "" : " empty"}`, dir: "auto" }, text ? render(text, entities, act.send) : null, meta(message));
}

function meta(message) {
  const silent = message.disable_notification || message.is_silent;
  return el("span", { class: "meta" },
    silent && el("span", { class: "silent", role: "img", "aria-label": "sent silently", title: "Sent without a sound" }, icon("bell")),
    message.edit_date && el("span", { class: "edited", title: `Edited ${clock(message.edit_date)}` }, "edited"),
    el("time", { datetime: new Date(message.date * 1000).toISOString(), title: new Date(message.date * 1000).toLocaleString() }, clock(message.date)));
}

function forwarded(message) {
  if (!message.forward_origin) return null;
  const from = message.forward_origin.sender_user?.first_name ?? message.forward_origin.sender_user_name ?? "someone";
  return el("p", { class: "forwarded" }, `Forwarded from ${from}`);
}

function quoted(message, act) {
  const original = message.reply_to_message;
  if (!original) return null;
  return el("button", {
    type: "button", class: "quote", "data-reply-to": original.message_id, "aria-label": "Show the message this answers",
    onclick: () => act.jump(original.message_id),
  },
  el("span", { class: "quote-from" }, original.from?.is_bot ? "squawkbot" : original.from?.first_name ?? "You"),
  el("span", { class: "quote-text" }, snippet(original)));
}

function photo(message) {
  if (!message.photo?.length) return null;
  const largest = message.photo.reduce((a, b) => (a.width * a.height >= b.width * b.height ? a : b));
  const source = `/sim/files/${encodeURIComponent(largest.file_id)}`;
  const caption = (message.caption ?? "").split("\n")[0];
  const image = el("img", {
    src: source, alt: caption || "Picture from squawkbot", decoding: "async",
    // Known sizes keep the text from jumping when the picture arrives.
    width: largest.width > 1 ? largest.width : undefined, height: largest.height > 1 ? largest.height : undefined,
  });
  return el("button", { type: "button", class: "photo", "data-role": "photo", "aria-label": `Open the picture: ${caption || "chart"}`, onclick: () => lightbox(source, caption) }, image);
}

function file(message) {
  const attached = message.document;
  if (!attached) return null;
  return el("a", { class: "file", "data-role": "document", href: `/sim/files/${encodeURIComponent(attached.file_id)}`, download: attached.file_name ?? "file" },
    el("span", { class: "file-icon" }, icon("file")),
    el("span", { class: "file-words" }, el("span", { class: "file-name" }, attached.file_name ?? "File"), el("span", { class: "file-size" }, size(attached.file_size))));
}

function size(bytes) {
  if (bytes === undefined) return "";
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}
