// Numbers as people read them: python-OBD's units, metric or imperial. US gallons.
const same = (value) => value;
const CONVERSIONS = {
  kilometer_per_hour: { metric: [same, "km/h", 0], imperial: [(v) => v / 1.609344, "mph", 0] },
  degree_Celsius: { metric: [same, "°C", 0], imperial: [(v) => v * 1.8 + 32, "°F", 0] },
  kilometer: { metric: [same, "km", 0], imperial: [(v) => v / 1.609344, "mi", 0] },
  liter: { metric: [same, "L", 0], imperial: [(v) => v / 3.785412, "gal", 1] },
  liter_per_hour: { metric: [same, "L/h", 1], imperial: [(v) => v / 3.785412, "gal/h", 2] },
  liter_per_100km: { metric: [same, "L/100 km", 1], imperial: [(v) => 235.2146 / v, "mpg", 0] },
  kilopascal: { metric: [same, "kPa", 0], imperial: [(v) => v * 0.1450377, "psi", 1] },
  revolutions_per_minute: { metric: [same, "rpm", 0] },
  percent: { metric: [same, "%", 0] },
  volt: { metric: [same, "V", 1] },
  second: { metric: [same, "s", 0] },
  minute: { metric: [same, "min", 0] },
  degree: { metric: [same, "°", 1] },
  grams_per_second: { metric: [same, "g/s", 1] },
  gps: { metric: [same, "g/s", 1] },
  ratio: { metric: [same, "", 3] },
  count: { metric: [same, "", 0] },
};

/** The text and unit of a number; unit as python-OBD names it. */
export function convert(value, unit, system) {
  const known = CONVERSIONS[unit];
  const [change, name, decimals] = known ? known[system] ?? known.metric : [same, unit ?? "", 2];
  const number = change(value);
  return { text: Number.isFinite(number) ? number.toFixed(decimals) : "–", unit: name, number };
}

/** Any value of a response as one line. */
export function describe(response, system) {
  const { value, unit, text } = response;
  if (value === null || value === undefined) return "no value";
  if (text) return text;
  if (typeof value === "number") {
    const shown = convert(value, unit, system);
    return `${shown.text} ${shown.unit}`.trim();
  }
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  return JSON.stringify(value).slice(0, 120);
}
