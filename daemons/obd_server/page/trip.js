// The trip and the fuel, as the server adds them up.
import { list } from "./codes.js";
import { convert } from "./units.js";

const ROWS = [
  ["tank", "Fuel left", "liter"],
  ["trip_distance", "Trip", "kilometer"], ["trip_consumption", "Trip average", "liter_per_100km"],
  ["consumption", "Now", "liter_per_100km"], ["fuel_rate", "Fuel rate", "liter_per_hour"], ["range", "Range left", "kilometer"],
];

/** Show those figures that are known. */
export function showTrip(figures, system) {
  const rows = ROWS.filter(([name]) => typeof figures[name] === "number").map(([name, title, unit]) => {
    const shown = convert(figures[name], unit, system);
    return `${title}: ${shown.text} ${shown.unit}`;
  });
  document.getElementById("trip-card").hidden = rows.length === 0;
  list("trip", rows);
}
