// Tiles with sparklines. No number is shown as if it were new when it is not.
import { convert } from "./units.js";

const HISTORY_MS = 300_000; // five minutes
const SAMPLES = 300; // one per second
const FIRST_INTERVAL_MS = 12_000; // until a command's own rhythm is known; the slowest tile comes every 10 s
const MISSED = 3; // so many missed values make the last one old
const SHORTEST_MS = 3_000;
const REDLINE = 0.85; // of the highest engine speed seen: what a vehicle allows is not told
const RUNNING_RPM = 300;
const SMALLEST_SCALE_RPM = 5_000; // until the engine was turned higher
const ARC = "M 21.7 73.3 A 40 40 0 1 1 78.3 73.3"; // three quarters of a circle, from lower left to lower right

/** What a tile says about its value: "", "warn" or "bad", and a note. */
const JUDGEMENTS = {
  COOLANT_TEMP: (v) => (v >= 105 ? ["bad", "too hot"] : v < 60 ? ["", "cold"] : ["", "normal"]),
  FUEL_LEVEL: (v) => (v < 10 ? ["warn", "low"] : ["", ""]),
  CONTROL_MODULE_VOLTAGE: (v) => judgeVoltage(v),
  ELM_VOLTAGE: (v) => judgeVoltage(v),
  RPM: (v, tile) => (v >= REDLINE * tile.scale ? ["warn", "high"] : ["", v > RUNNING_RPM ? "running" : "off"]),
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
      + '<p class="note"></p>' + (name === "RPM" ? arc() : "") + '<svg class="spark" viewBox="0 0 300 40" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>';
    this.element.querySelector("h2").textContent = title;
  }

  /** The end of the arc. */
  get scale() {
    return Math.max(SMALLEST_SCALE_RPM, this.highest);
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
    if (this.name === "RPM") this.#turn(has ? value : 0);
    this.#spark(now, system);
  }

  #turn(rpm) {
    const share = Math.min(1, Math.max(0, rpm / this.scale));
    this.element.querySelector(".turn").setAttribute("stroke-dasharray", `${(100 * share).toFixed(1)} 100`);
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

/** The engine speed as an arc, of which the last part is red. Screen readers have the number. */
function arc() {
  const red = 100 * (1 - REDLINE);
  return `<svg class="arc" viewBox="0 0 100 78" aria-hidden="true"><path class="rim" d="${ARC}" pathLength="100"/>`
    + `<path class="redline" d="${ARC}" pathLength="100" stroke-dasharray="${red} 100" stroke-dashoffset="${red - 100}"/>`
    + `<path class="turn" d="${ARC}" pathLength="100" stroke-dasharray="0 100"/></svg>`;
}

export function ageText(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
