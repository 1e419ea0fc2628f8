// Drives every default event with the socket.io client of npm; prints one JSON object.
// Usage: node events.mjs <package.json beside node_modules> <url>
import { createRequire } from "node:module";

const { io } = createRequire(process.argv[2])("socket.io-client");
const socket = io(process.argv[3], { transports: ["websocket"], reconnection: false });
const results = { acks: {}, events: {}, watching: [], errors: 0 };

socket.onAny((name, ...data) => {
  if (name === "watching") results.watching.push(data[0]);
  else if (name === "error") results.errors += 1;
  else results.events[name] = data.length ? data[0] : "(no argument)";
});
socket.on("connect_error", (error) => {
  console.log(JSON.stringify({ connect_error: error.message }));
  process.exit(0);
});
const ask = async (name, ...args) => {
  results.acks[name] = await socket.timeout(20000).emitWithAck(name, ...args);
};
const waitFor = async (condition) => {
  for (let left = 1000; !condition() && left > 0; left -= 1) await new Promise((resolve) => setTimeout(resolve, 20));
};

socket.on("connect", async () => {
  for (const name of ["status", "is_connected", "port_name", "protocol_id", "protocol_name", "supported_commands",
    "available_ports", "all_protocols", "all_dtcs", "all_commands", "link_state", "rights", "start", "stop"]) await ask(name);
  await ask("start", undefined);
  for (const [name, argument] of [["supports", "RPM"], ["has_name", "RPM"], ["query", "RPM"], ["get_command", "RPM"],
    ["get_dtc", "P0104"], ["watch", ["RPM", "SPEED"]]]) await ask(name, argument);
  await waitFor(() => results.watching.length > 5);
  await ask("unwatch", ["SPEED"]);
  await ask("unwatch_all");
  await ask("clear_dtc", { confirm: 0 });
  await ask("close");
  await waitFor(() => "obd_closed" in results.events && "close" in results.events);
  socket.disconnect();
  console.log(JSON.stringify(results));
});
