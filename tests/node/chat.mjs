// A customer's browser with the official Socket.IO client: talks, loses its page, comes back. Prints what it heard as
// one JSON object a line; reads "go on" (any line) from its input where the test has something to do first.
import { createInterface } from "node:readline";
import { once } from "node:events";
import { io } from "socket.io-client";

const url = process.argv[2] + "/chat";
const lines = createInterface({ input: process.stdin });
const tell = (what, data) => console.log(JSON.stringify({ what, data }));
const open = (auth) => io(url, { auth, transports: ["websocket"], reconnection: false, forceNew: true });
const heard = (socket, event) => new Promise((resolve) => socket.once(event, resolve));

const stranger = open({ site: "nowhere" });
tell("refused", (await heard(stranger, "connect_error")).data);
stranger.disconnect();

const page = open({ site: "shop", name: "Nora" });
const welcome = await heard(page, "welcome");
const shown = [];
page.on("message", (message) => shown.push(message));
tell("acked", await page.timeout(5000).emitWithAck("message", { id: "m1", text: "Bonjour" }));
tell("again", await page.timeout(5000).emitWithAck("message", { id: "m1", text: "Bonjour" }));
await once(lines, "line");
while (shown.length < 2) await heard(page, "message");
tell("shown", shown);
page.disconnect();
tell("away", true);
await once(lines, "line");

const back = open({ site: "shop", token: welcome.token, last_seq: shown.at(-1).seq });
tell("missed", (await heard(back, "welcome")).messages);
tell("left", await back.timeout(5000).emitWithAck("leave"));
back.disconnect();
lines.close();
