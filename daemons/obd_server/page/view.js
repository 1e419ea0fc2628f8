// Tiles with sparklines. No number is shown as if it were new when it is not.
import { convert } from "./units.js";

const HISTORY_MS = 300_000; // five minutes
const SAMPLES = 300; // one per second
const FIRST_INTERVAL_MS = 12_000; // until a command's own rhythm is known; the slowest tile comes every 10 s
const MISSED = 3; // so many missed values make the last one old
const SHORTEST_MS = 3_000;

/** What a tile says about its value: "", "warn" or "bad", and a note. */
const JUDGEMENTS = {
  COOLANT_TEMP: (v) => (v >= 105 ? ["bad", "too hot"] : v < 60 ? ["", "cold"] : ["", "normal"]),
  FUEL_LEVEL: (v) => (v < 10 ? ["warn", "low"] : ["", ""]),
  CONTROL_MODULE_VOLTAGE: (v) => judgeVoltage(v),
  ELM_VOLTAGE: (v) => judgeVoltage(v),
  RPM: (v, tile) => (v > 0 && v >= 0.85 * tile.highest && tile.highest > 3000 ? ["warn", "high"] : ["", v > 300 ? "running" : "off"]),
};

function judgeVoltage(volts) {
  const base = volts > 18 ? volts / 2 : volts;
  return base < 12.2 ? ["warn", "low"] : base >= 13.2 ? ["", "charging"] : ["", "resting"];
}

/** The tiles in their order: the first that the vehicle supports of each list, and its title. */
export const TILES = [
  [["SPEED"], "Speed"], [["RPM"], "Engine speed"], [["COOLANT_TEMP"], "Coolant"], [["FUEL_LEVEL"], "Fuel"],
  [["CONTROL_MODULE_VOLTAGE", "ELM_VOLTAGE"], "Vehicle battery"], [["ENGINE_LOAD"], "Engine load"],
  [["AMBIANT_AIR_TEMP"], "Outside air"], [["INTAKE_TEMP"], "Intake air"], [["FUEL_RATE", "ENGINE_FUEL_RATE"], "Fuel rate"],
  [["THROTTLE_POS"], "Throttle"], [["RUN_TIME"], "Engine running for"],
];

export class Tile {
  constructor(title, name) {
    this.name = name;
    this.highest = 0;
    this.samples = [];
    this.response = null;
    this.receivedAt = null;
    this.intervalMs = FIRST_INTERVAL_MS;
    this.element = document.createElement("article");
    this.element.className = "tile stale";
    this.element.dataset.name = name;
    this.element.innerHTML = '<h2></h2><p class="value"><span class="number">–</span> <span class="unit"></span></p>'
      + '<p class="note"></p><svg viewBox="0 0 300 40" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>';
    this.element.querySelector("h2").textContent = title;
  }

  receive(response, at, ageMs) {
    if (response.value === null) return; // the last value stays, and grows old
    if (this.receivedAt !== null && ageMs < 1000) {
      this.intervalMs = 0.7 * this.intervalMs + 0.3 * (at - this.receivedAt);
    }
    this.receivedAt = at - ageMs;
    this.response = response;
    if (typeof response.value !== "number") return;
    this.highest = Math.max(this.highest, response.value);
    const last = this.samples.at(-1);
    if (last && at - last.at < HISTORY_MS / SAMPLES) last.value = response.value;
    else this.samples.push({ at, value: response.value });
  }

  draw(now, system, isLive) {
    const age = this.receivedAt === null ? null : now - this.receivedAt;
    const isStale = !isLive || age === null || age > Math.max(MISSED * this.intervalMs, SHORTEST_MS);
    const value = this.response?.value;
    const has = typeof value === "number";
    const shown = has ? convert(value, this.response.unit, system) : { text: "–", unit: "" };
    const [level, note] = has && JUDGEMENTS[this.name] ? JUDGEMENTS[this.name](value, this) : ["", ""];
    this.element.className = `tile ${isStale ? "stale" : level}`;
    this.element.querySelector(".number").textContent = shown.text;
    this.element.querySelector(".unit").textContent = shown.unit;
    this.element.querySelector(".note").textContent = isStale ? (age === null ? "no value yet" : `${ageText(age)} old`) : note;
    this.#spark(now, system);
  }

  #spark(now, system) {
    while (this.samples.length && now - this.samples[0].at > HISTORY_MS) this.samples.shift();
    const values = this.samples.map((sample) => convert(sample.value, this.response?.unit, system).number);
    const low = Math.min(...values);
    const span = Math.max(...values) - low || 1;
    const points = this.samples.map((sample, index) => {
      const x = 300 - ((now - sample.at) / HISTORY_MS) * 300;
      return `${x.toFixed(1)},${(37 - ((values[index] - low) / span) * 34).toFixed(1)}`;
    });
    this.element.querySelector("polyline").setAttribute("points", points.join(" "));
  }
}

export function ageText(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
