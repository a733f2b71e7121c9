/** The list of instruments with live prices, and pushing a price. */

import { el } from "./dom.js";

const QUICK = [-5, -1, 1, 5];

export class Prices {
  /** *push* gets {symbol, last}. */
  constructor(push) {
    this.push = push;
    this.rows = new Map();
    this.known = new Map();
    this.chosen = "AAPL";
    this.filter = el("input", { type: "search", placeholder: "Find an instrument", "aria-label": "Find an instrument", oninput: () => this.sieve() });
    this.list = el("ul", { class: "instruments", "data-role": "instruments", "aria-label": "Instruments" });
    this.symbols = el("datalist", { id: "symbols" });
    this.symbol = el("input", {
      name: "symbol", list: "symbols", "aria-label": "Symbol", value: this.chosen, autocapitalize: "characters", spellcheck: "false",
      onchange: () => this.choose(this.symbol.value.trim().toUpperCase()),
    });
    this.price = el("input", { name: "last", inputmode: "decimal", "aria-label": "Price", placeholder: "Price" });
    this.node = el("div", { class: "prices" }, this.filter, this.list, this.symbols, this.form());
  }

  form() {
    const quick = QUICK.map((percent) => el("button", {
      type: "button", class: `plain-button ${percent > 0 ? "up" : "down"}`, "data-move": percent, onclick: () => this.move(percent),
    }, `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`));
    return el("form", {
      class: "panel-form", "data-form": "tick", autocomplete: "off",
      onsubmit: (event) => {
        event.preventDefault();
        const last = Number(this.price.value.replace(",", "."));
        if (Number.isFinite(last) && this.price.value.trim()) this.push({ symbol: this.symbol.value.trim().toUpperCase(), last });
        else this.price.focus();
      },
    },
    el("div", { class: "row" }, this.symbol, this.price, el("button", { type: "submit", class: "plain-button primary" }, "Push")),
    el("div", { class: "row quick", role: "group", "aria-label": "Move the price" }, ...quick));
  }

  move(percent) {
    const instrument = this.known.get(this.symbol.value.trim().toUpperCase());
    if (!instrument) return this.symbol.focus();
    const last = Number((instrument.last * (1 + percent / 100)).toFixed(decimals(instrument.last)));
    this.price.value = String(last);
    return this.push({ symbol: instrument.symbol, last });
  }

  choose(symbol) {
    this.chosen = symbol;
    this.symbol.value = symbol;
    const instrument = this.known.get(symbol);
    if (instrument) this.price.value = instrument.last.toFixed(decimals(instrument.last));
    for (const [name, shown] of this.rows) shown.node.setAttribute("aria-pressed", String(name === symbol));
  }

  draw(instruments) {
    const first = this.rows.size === 0;
    for (const instrument of instruments) {
      if (!this.rows.has(instrument.symbol)) this.add(instrument);
      this.update(instrument);
    }
    if (first && instruments.length > 0) {
      this.choose(this.chosen);
      this.sieve();
    }
  }

  add(instrument) {
    const last = el("span", { class: "last", "data-role": "last" });
    const change = el("span", { class: "change" });
    const node = el("button", {
      type: "button", class: "instrument", "data-symbol": instrument.symbol, "aria-pressed": "false", onclick: () => this.choose(instrument.symbol),
    }, el("span", { class: "symbol" }, instrument.symbol), el("span", { class: "name" }, instrument.name), last, change);
    this.rows.set(instrument.symbol, { node, last, change });
    this.list.append(el("li", {}, node));
    this.symbols.append(el("option", { value: instrument.symbol }, instrument.name));
  }

  update(instrument) {
    const before = this.known.get(instrument.symbol);
    this.known.set(instrument.symbol, instrument);
    const shown = this.rows.get(instrument.symbol);
    if (instrument.last === null || instrument.last === undefined || (before && before.last === instrument.last)) return;
    const percent = instrument.change_pct ?? 0;
    shown.last.textContent = instrument.last.toFixed(decimals(instrument.last));
    shown.change.textContent = `${percent < 0 ? "▼ −" : "▲ +"}${Math.abs(percent).toFixed(2)}%`;
    shown.change.className = `change ${percent < 0 ? "down" : "up"}`;
    if (!before) return;
    const flash = instrument.last > before.last ? "flash-up" : "flash-down";
    shown.last.classList.remove("flash-up", "flash-down");
    // Without a layout in between the browser would not start the animation again.
    void shown.last.offsetWidth;
    shown.last.classList.add(flash);
  }

  sieve() {
    const wanted = this.filter.value.trim().toLowerCase();
    for (const [symbol, shown] of this.rows) {
      const name = this.known.get(symbol).name ?? "";
      shown.node.parentElement.hidden = wanted !== "" && !`${symbol} ${name}`.toLowerCase().includes(wanted);
    }
  }
}

const decimals = (price) => (price !== 0 && Math.abs(price) < 10 ? 4 : 2);
