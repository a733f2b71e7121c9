/** The message box: sending, replies, the list of commands. */

import { byRole, el, icon } from "./dom.js";
import { snippet } from "./bubble.js";
import { get } from "./wire.js";

const TALLEST_PX = 160;

export class Composer {
  /** *send({text} or {document, caption}, replyToMessageId)* resolves to whether it was sent; if not, the text comes back. */
  constructor(form, send) {
    this.form = form;
    this.send = send;
    this.file = byRole("file", form);
    this.field = byRole("composer", form);
    this.list = byRole("commands", form);
    this.bar = byRole("reply-bar", form);
    this.button = byRole("send", form);
    this.toggle = byRole("commands-toggle", form);
    this.chatId = null;
    this.drafts = new Map();
    this.known = [];
    this.turn = 0;
    this.active = -1;
    this.replyTo = null;
    form.addEventListener("submit", (event) => this.submit(event));
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.toggle.addEventListener("click", () => this.fill("/"));
    byRole("attach", form).addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => this.attach());
  }

  async open(chatId) {
    if (this.chatId !== null) this.drafts.set(this.chatId, this.field.value);
    if (this.chatId !== chatId) {
      this.reply(null);
      this.known = [];
    }
    this.chatId = chatId;
    this.field.value = this.drafts.get(chatId) ?? "";
    this.close();
    this.resize();
    await this.learn();
  }

  /** Ask anew which commands this chat sees. */
  async learn() {
    if (this.chatId === null) return;
    const turn = (this.turn += 1);
    const commands = await get(`/sim/commands?chat_id=${this.chatId}`).catch(() => null);
    // Two questions may be on their way at once, and the older answer come last.
    if (turn !== this.turn || commands === null) return;
    this.known = commands;
    this.toggle.hidden = commands.length === 0;
    // The slash may have been typed while the answer was on its way.
    if (document.activeElement === this.field) this.changed();
  }

  /** Put *text* into the box, ready to be sent. */
  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.changed();
  }

  reply(message, placeholder) {
    this.replyTo = message;
    this.field.placeholder = (message && placeholder) || "Message";
    this.bar.hidden = message === null;
    if (message === null) return;
    this.bar.replaceChildren(
      icon("reply"),
      el("div", { class: "reply-words" },
        el("span", { class: "quote-from" }, message.from?.is_bot ? "Reply to squawkbot" : "Reply to yourself"),
        el("span", { class: "quote-text" }, snippet(message))),
      el("button", { type: "button", class: "icon-button", "aria-label": "Do not reply", onclick: () => this.reply(null) }, icon("close")));
    this.field.focus();
  }

  async submit(event) {
    event?.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    const answered = this.replyTo;
    this.field.value = "";
    this.reply(null);
    this.changed();
    if (await this.send({ text }, answered?.message_id)) return;
    if (!this.field.value) this.fill(text);
    if (answered) this.reply(answered);
  }

  /** Send the chosen file with what stands in the box as its caption. */
  async attach() {
    const file = this.file.files[0];
    if (!file) return;
    this.file.value = "";
    const bytes = new Uint8Array(await file.arrayBuffer());
    const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const document = { name: file.name, base64, mime_type: file.type || "application/octet-stream" };
    if (!(await this.send({ document, caption: this.field.value.trim() }))) return;
    this.field.value = "";
    this.changed();
  }

  changed() {
    this.resize();
    const typed = /^\/(\S*)$/.exec(this.field.value);
    const found = typed ? this.known.filter((one) => one.command.startsWith(typed[1].toLowerCase())) : [];
    if (found.length === 0) this.close();
    else this.show(found);
  }

  resize() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST_PX)}px`;
  }

  show(found) {
    this.list.replaceChildren(...found.map((one, index) =>
      el("li", {
        role: "option", id: `command-${index}`, "data-command": one.command, "aria-selected": "false",
        // Before blur, which would close the list under the finger.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.choose(one.command),
      }, el("strong", {}, `/${one.command}`), el("span", {}, one.description))));
    this.list.hidden = false;
    this.expanded(true);
    this.highlight(0);
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.expanded(false);
    this.field.removeAttribute("aria-activedescendant");
  }

  expanded(on) {
    this.field.setAttribute("aria-expanded", String(on));
    this.toggle.setAttribute("aria-expanded", String(on));
  }

  highlight(index) {
    const options = [...this.list.children];
    this.active = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.active)));
    options[this.active].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", `command-${this.active}`);
  }

  choose(command) {
    this.close();
    this.field.value = `/${command}`;
    this.submit();
  }

  key(event) {
    if (event.isComposing) return;
    if (!this.list.hidden && this.inList(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.replyTo) this.reply(null);
  }

  inList(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) this.highlight(this.active + moves[event.key]);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab") this.fill(`/${this.list.children[this.active].dataset.command} `);
    else if (event.key === "Enter" && !event.shiftKey) this.choose(this.list.children[this.active].dataset.command);
    else return false;
    event.preventDefault();
    return true;
  }
}
