// The dashboard: one Socket.IO connection, tiles, trouble codes, and a searchable list of everything.
import { Codes } from "./codes.js";
import { describe } from "./units.js";
import { showTrip } from "./trip.js";
import { ageText, TILES, Tile } from "./view.js";

const DRAW_MS = 500;
const ANSWER_MS = 8_000;
const CODES_MS = 60_000; // trouble codes change rarely, and asking for them holds up the other values
const RETRY_MS = 3_000; // a GX that is busy may leave a question unanswered
const $ = (id) => document.getElementById(id);
const STATES = {
  "car": "Connected",
  "ignition off": "Ignition off",
  "asleep": "Asleep, to spare the starter battery",
  "adapter": "Adapter found, no vehicle",
  "no port": "Adapter not found",
  "closed": "Link closed",
};

const tiles = new Map();
const watched = new Set(); // from the list, beside the tiles
const last = new Map();
let link = null;
let skew = 0; // our clock minus the server's
let system = stored("units") ?? "metric";
const codes = new Codes(ask);
let isOnline = false;
let refusal = ""; // why the GX lets us not in, until it does
let retry = null;
let trip = {};

function stored(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null; // storage can be switched off; the page works without
  }
}

// A link with #token=... logs in: what follows # is never sent to a server or written into its log.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  stored("token", given);
  history.replaceState(null, "", location.pathname);
}
let token = given ?? stored("token");

if (typeof io === "undefined") {
  $("state").textContent = "The Socket.IO client is not here: a release has it, a clone gets it with page/fetch.sh";
}
const socket = io({ auth: (send) => send(token ? { token } : {}), transports: ["websocket", "polling"] });

async function ask(event, ...args) {
  const answer = await socket.timeout(ANSWER_MS).emitWithAck(event, ...args);
  if (answer && answer.error) throw new Error(answer.error.reason);
  return answer;
}

function quietly(promise) {
  promise.catch((error) => console.info(error.message)); // shown by the state of the link, or asked again later
}

socket.on("connect", () => {
  isOnline = true;
  refusal = "";
  $("banner").hidden = true;
  $("login").hidden = true;
  $("main").hidden = false;
  begin();
});

socket.on("disconnect", () => offline("Connection to the GX lost: reconnecting…"));

socket.on("connect_error", (error) => {
  if (error.message !== "unauthorized") return offline(`No connection to the GX (${error.message}): reconnecting…`);
  $("login").hidden = false;
  $("main").hidden = true;
  refusal = token ? "The token is not right" : "Access token needed";
  showState();
});

socket.on("link_state", (state) => {
  const wasCar = link?.state === "car";
  link = state;
  skew = Date.now() - state.now;
  showState();
  if (state.state === "car" && !wasCar) begin();
});

socket.on("trip", (figures) => (trip = figures));

socket.on("watching", (response) => {
  const at = performance.now();
  const age = Math.max(0, Date.now() - skew - response.time);
  last.set(response.command.name, response);
  tiles.get(response.command.name)?.receive(response, at, age < 1000 ? 0 : age);
  const output = document.querySelector(`output[data-name="${response.command.name}"]`);
  if (output) output.textContent = describe(response, system);
  if (response.command.name === "STATUS") codes.showStatus(response.value);
});

function offline(text) {
  isOnline = false;
  refusal = "";
  $("banner").textContent = text;
  $("banner").hidden = false;
  showState();
}

async function begin() {
  clearTimeout(retry);
  try {
    const rights = await ask("rights");
    if (stored("units") === null) choose(await ask("display_units"));
    const commands = await ask("supported_commands");
    makeTiles(new Set(commands.map((command) => command.name)));
    makeList(commands);
    await watchAll();
    if (link?.state === "car") await codes.read(rights); // a vehicle that sleeps is not woken for them
  } catch (error) {
    console.info(error.message);
    if (isOnline && link?.state === "car") retry = setTimeout(begin, RETRY_MS);
  }
}

// Without a choice made here, the units are those that the GX shows its own values in.
function choose(system_) {
  if (system_ !== "metric" && system_ !== "imperial") return;
  system = $("units").value = system_;
}

async function watchAll() {
  const names = [...new Set([...tiles.keys(), ...watched])];
  if (names.length && document.visibilityState === "visible") await ask("watch", names);
}

// Nobody looks: nothing needs to be asked of the vehicle for us.
document.addEventListener("visibilitychange", () => {
  if (!isOnline) return;
  quietly(document.visibilityState === "visible" ? watchAll() : ask("unwatch_all"));
});

function makeTiles(supported) {
  for (const [name, tile] of tiles) {
    if (supported.size && !supported.has(name)) { // another vehicle, or one that has it no more
      tile.element.remove();
      tiles.delete(name);
    }
  }
  for (const name of watched) if (supported.size && !supported.has(name)) watched.delete(name);
  for (const [names, title] of TILES) {
    const name = names.find((candidate) => supported.has(candidate));
    if (name && !tiles.has(name)) {
      const tile = new Tile(title, name);
      tiles.set(name, tile);
      $("tiles").append(tile.element);
    }
  }
}

function makeList(commands) {
  const rows = commands.filter(({ name }) => !/^(PIDS|MIDS|DTC)_/.test(name)).map(({ name, desc }) => {
    const row = document.createElement("li");
    row.dataset.words = `${name} ${desc}`.toLowerCase();
    const box = document.createElement("input");
    box.type = "checkbox";
    box.id = `watch-${name}`;
    box.checked = watched.has(name);
    box.addEventListener("change", () => toggle(name, box));
    const label = document.createElement("label");
    label.htmlFor = box.id;
    label.textContent = desc;
    label.title = name;
    const output = document.createElement("output");
    output.dataset.name = name;
    row.append(box, label, output);
    return row;
  });
  $("commands").replaceChildren(...rows);
  filterList();
}

async function toggle(name, box) {
  try {
    if (box.checked) {
      watched.add(name);
      await ask("watch", [name]);
    } else {
      watched.delete(name);
      if (!tiles.has(name)) await ask("unwatch", [name]);
    }
  } catch (error) {
    box.checked = false;
    watched.delete(name);
    document.querySelector(`output[data-name="${name}"]`).textContent = error.message;
  }
}

function filterList() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of $("commands").children) row.hidden = !words.every((word) => row.dataset.words.includes(word));
}

function showState() {
  const state = refusal ? refusal : !isOnline ? "Not connected to the GX" : STATES[link?.state] ?? link?.state ?? "Connecting…";
  const where = isOnline && link?.state === "no port" && link.port ? ` on ${link.port}` : "";
  const rpm = last.get("RPM")?.value;
  const words = isOnline && link?.state === "car" && rpm > 300 ? "Engine running" : state + where;
  if ($("state").textContent !== words) $("state").textContent = words; // else it would be read aloud again and again
  const newest = Math.max(...[...tiles.values()].map((tile) => tile.receivedAt ?? -Infinity));
  const age = Number.isFinite(newest) ? `last value ${ageText(performance.now() - newest)} ago` : "no values yet";
  const volts = link?.voltage ? `${link.voltage.toFixed(1)} V at the plug` : "";
  const reason = link && link.state !== "car" ? link.reason : link?.protocol;
  $("details").textContent = [age, volts, reason].filter(Boolean).join(" · ");
}

$("units").value = system;
$("units").addEventListener("change", () => {
  system = stored("units", $("units").value) ?? $("units").value;
  for (const output of document.querySelectorAll("output[data-name]")) {
    if (last.has(output.dataset.name)) output.textContent = describe(last.get(output.dataset.name), system);
  }
  draw();
});
$("search").addEventListener("input", filterList);
$("read-codes").addEventListener("click", () => quietly(codes.read()));
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = stored("token", $("token").value) ?? $("token").value;
  socket.disconnect().connect();
});
function draw() {
  showState();
  showTrip(trip, system);
  const isLive = isOnline && link?.state === "car";
  document.body.classList.toggle("not-live", !isLive);
  for (const tile of tiles.values()) tile.draw(performance.now(), system, isLive);
}
setInterval(draw, DRAW_MS);
setInterval(() => {
  if (isOnline && link?.state === "car" && document.visibilityState === "visible") quietly(codes.read());
}, CODES_MS);
