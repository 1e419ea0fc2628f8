// Trouble codes, the warning lamp and the readiness of the tests; erasing, when that is switched on.
const LISTS = [["GET_DTC", "stored"], ["GET_CURRENT_DTC", "pending"], ["GET_PERMANENT_DTC", "permanent"]];
const $ = (id) => document.getElementById(id);

/** Fill a list with texts; a foreign text stays a text. */
export function list(id, texts) {
  $(id).replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

export class Codes {
  #ask;
  #mayClear = false;

  /** ask: sends an event and gives its answer, or throws what was wrong. */
  constructor(ask) {
    this.#ask = ask;
    $("clear").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#clear(Number($("confirm").value));
    });
  }

  async read(rights) {
    if (rights) this.#mayClear = rights.clear_dtc;
    const rows = [];
    let stored = null;
    for (const [name, word] of LISTS) {
      const answer = await this.#query(name);
      if (name === "GET_DTC") stored = answer?.value ? answer.value.length : null;
      rows.push(...(answer?.value ?? []).map(([code, text]) => `${code} (${word}): ${text || "no text is known"}`));
    }
    const status = await this.#query("STATUS");
    if (status) this.showStatus(status.value);
    // Without an answer nobody knows whether there are codes.
    list("codes", rows.length ? rows : [stored === null ? "Not read: the vehicle did not answer." : "No codes."]);
    $("clear").hidden = !(this.#mayClear && stored > 0);
  }

  showStatus(status) {
    if (!status) return;
    $("lamp").textContent = status.MIL ? `Warning lamp ON, ${status.DTC_COUNT} code(s)` : "Warning lamp off";
    list("readiness", status.tests.filter((test) => test.available).map(
      (test) => `${test.name.toLowerCase().replaceAll("_", " ")}: ${test.complete ? "complete" : "not complete"}`));
  }

  #query(name) {
    return this.#ask("query", name).catch(() => null);
  }

  async #clear(count) {
    try {
      await this.#ask("clear_dtc", { confirm: count });
      $("clear-result").textContent = "Cleared. The codes were recorded.";
    } catch (error) {
      $("clear-result").textContent = error.message;
    }
    await this.read();
  }
}
