// The customer's side of a chat: what is kept over a reload, what was said, and what is still on its way.
import { signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import { comeBack, type Later, PAUSES } from "../shared/line";

const KEPT = "firstline.chat";
const ANSWER_MS = 8_000; // an answer takes 2 s at most; later than this it is asked again
const TYPING_MS = 3_000; // without a key for so long, nobody is typing

export interface Visitor {
  site: string;
  name: string;
  language: string;
  /** An earlier conversation's, that the customer quotes. */
  reference: string;
}

interface Unsent {
  id: string;
  text: string;
}

interface Kept extends Visitor {
  token: string;
  unsent: Unsent[];
}

export interface Message {
  seq: number;
  side: "customer" | "agent";
  text: string;
  at_ms: number;
  agent?: string;
}

export interface State {
  state: "queued" | "with_agent" | "closed";
  agent?: string;
  reference?: string;
  /** It waits again, because its agent was lost. */
  again?: boolean;
  turned_away?: boolean;
  message?: string;
}

/** While it is queued: its place, and the range within which somebody will be there; without one nobody can say. */
export interface Waiting {
  position: number;
  low_ms?: number;
  high_ms?: number;
}

interface Ack {
  ok: boolean;
  code?: string;
  detail?: string;
  retry_ms?: number;
}

export const kept = signal<Kept | null>(JSON.parse(sessionStorage.getItem(KEPT) ?? "null"));
export const messages = signal<Message[]>([]);
export const state = signal<State | null>(null);
export const waiting = signal<Waiting | null>(null);
/** `new` until the first answer; what is written while it is `lost` is sent later. */
export const line = signal<"new" | "live" | "lost">("new");
/** The customer's messages that an agent's screen has shown. */
export const delivered = signal(0);
export const agentTypes = signal(false);
/** The code of what the server refused for good. */
export const refusal = signal("");
export const left = signal(false);

let socket: Socket | undefined;
let typingEnds: ReturnType<typeof setTimeout> | undefined;
let sending = false;
addEventListener("offline", () => socket?.io.engine.close());
addEventListener("online", () => socket?.disconnect().connect());

export function begin(visitor: Visitor): void {
  refusal.value = "";
  keep({ ...visitor, token: "", unsent: [] });
  connect();
}

/** Forget this conversation on this page. */
export function startAnew(): void {
  socket?.disconnect();
  sessionStorage.removeItem(KEPT);
  [kept.value, messages.value, state.value, waiting.value] = [null, [], null, null];
  [delivered.value, agentTypes.value, refusal.value, left.value, line.value] = [0, false, "", false, "new"];
}

export function say(text: string): void {
  keep({ ...kept.value!, unsent: [...kept.value!.unsent, { id: crypto.randomUUID(), text }] });
  typing(false);
  void send();
}

/** The customer types, or not any more. */
export function typing(on: boolean): void {
  const before = typingEnds !== undefined;
  clearTimeout(typingEnds);
  typingEnds = on ? setTimeout(() => typing(false), TYPING_MS) : undefined;
  if (on !== before && socket?.connected) socket.volatile.emit("typing", { on });
}

export function seen(upTo: number): void {
  if (socket?.connected) socket.emit("seen", { up_to: upTo });
}

/** End it for good. */
export async function leave(): Promise<void> {
  const ack = await ask("leave");
  if (!ack?.ok) {
    refusal.value = ack?.code ?? "unavailable";
    return;
  }
  left.value = true;
  socket?.disconnect();
  sessionStorage.removeItem(KEPT);
}

export function connect(): void {
  socket = io("/chat", {
    transports: ["websocket"],
    auth: (give) => give(hello()),
    ...PAUSES,
    forceNew: true,
  });
  socket.on("welcome", (told: { token: string; reference?: string; messages: Message[] }) => {
    keep({ ...kept.value!, token: told.token });
    if (told.reference) state.value = { state: "closed", ...state.value, reference: told.reference };
    told.messages.forEach(show);
    line.value = "live";
    refusal.value = "";
    void send();
  });
  socket.on("message", show);
  socket.on("state", (told: State) => {
    state.value = told;
    if (told.state !== "queued") waiting.value = null;
  });
  socket.on("waiting", (told: Waiting) => (waiting.value = told));
  socket.on("delivered", ({ up_to }: { up_to: number }) => (delivered.value = up_to));
  socket.on("typing", ({ on }: { on: boolean }) => (agentTypes.value = on));
  socket.on("disconnect", (reason) => {
    line.value = "lost";
    if (reason === "io server disconnect" && socket) comeBack(socket);
  });
  socket.on("connect_error", refused);
}

function hello(): object {
  const { site, name, language, reference, token } = kept.value!;
  const last_seq = messages.value.at(-1)?.seq ?? 0;
  return { site, name, language, ...(reference && { reference }), ...(token && { token, last_seq }) };
}

function refused(error: Error & { data?: Later }): void {
  line.value = "lost";
  const code = error.data?.code;
  if (error.data?.retry_ms && socket) {
    refusal.value = code ?? "";
    comeBack(socket, error.data.retry_ms);
  } else if (code === "bad_token") {
    keep({ ...kept.value!, token: "" });
    messages.value = [];
    socket?.connect();
  } else if (code) {
    if (!kept.value!.token) startAnew(); // never got in: there is no conversation to come back to
    refusal.value = code;
  }
}

function show(message: Message): void {
  if (message.seq <= (messages.value.at(-1)?.seq ?? 0)) return;
  messages.value = [...messages.value, message];
  if (message.side === "agent") agentTypes.value = false;
}

/** Send what is not safe yet, one by one, under the same id as often as it takes. */
async function send(): Promise<void> {
  if (sending) return;
  sending = true;
  for (let next = unsent(); next && socket?.connected && line.value === "live"; next = unsent()) {
    const ack = await ask("message", next);
    if (!ack) socket.disconnect().connect();
    else if (ack.retry_ms) {
      refusal.value = ack.code === "house_full" ? ack.code : "";
      await new Promise((go) => setTimeout(go, ack.retry_ms));
    } else {
      refusal.value = ack.ok ? "" : (ack.code ?? "unavailable");
      keep({ ...kept.value!, unsent: kept.value!.unsent.filter(({ id }) => id !== next!.id) });
    }
  }
  sending = false;
}

function unsent(): Unsent | undefined {
  return kept.value?.unsent[0];
}

async function ask(event: string, body?: object): Promise<Ack | undefined> {
  return socket!.timeout(ANSWER_MS).emitWithAck(event, ...(body ? [body] : [])).catch(() => undefined);
}

function keep(now: Kept): void {
  kept.value = now;
  sessionStorage.setItem(KEPT, JSON.stringify(now));
}
