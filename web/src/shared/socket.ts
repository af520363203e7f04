// The agent's socket: a copy of what the server shows them, kept true by its changes, and what they say to it.
import { signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import { Problem } from "./api";
import { serverNow } from "./clock";
import { comeBack, type Later, PAUSES } from "./line";
import { leave, session, token } from "./session";
import type { AgentSummary, FollowedItem, Item, View } from "./types";

const ANSWER_MS = 12_000; // the server answers within 2 s; the rest is for a bad line

interface Change {
  position: number;
  before: number;
  set: { agent?: AgentSummary; items?: Record<string, Item>; followed?: FollowedItem[] };
  drop: string[];
}

interface Ack {
  ok: boolean;
  code?: string;
  problem?: { detail: string; subject?: string };
}

export interface Typing {
  conversation: string;
  item: string;
  on: boolean;
}

export const view = signal<View | null>(null);
/** Since when the connection is lost; 0 while it is live. */
export const lostSince = signal(0);

let socket: Socket | undefined;
let position = 0;
/** When the server that sends us away wants us back. */
let retryMs: number | undefined;

/** Connect, and stay connected until the session ends. `typing` is told when the customer types. */
export function connect(typing: (heard: Typing) => void): void {
  socket = io("/agent", {
    transports: ["websocket"],
    auth: (give) => give({ token: token() }),
    ...PAUSES,
  });
  socket.on("view", (shown: { position: number; view: View }) => {
    position = shown.position;
    view.value = shown.view;
    lostSince.value = 0;
  });
  socket.on("change", changed);
  socket.on("typing", typing);
  socket.on("closing", closing);
  socket.on("connect_error", refused);
  socket.on("disconnect", (reason) => {
    lost();
    if (reason === "io server disconnect" && socket) comeBack(socket, retryMs);
    retryMs = undefined;
  });
  session.subscribe((now) => {
    if (now && socket?.connected) socket.emit("token", { token: now.access_token });
  });
  addEventListener("offline", () => socket?.io.engine.close());
  addEventListener("online", () => socket?.disconnect().connect());
}

/** Hang up for good: what the server says of it is not news. */
export function hangUp(): void {
  socket?.off();
  socket?.disconnect();
}

/** Say something and wait how it ends. The same `key` again does it once. Throws Problem. */
export async function say(event: string, body: object, key: string = crypto.randomUUID()): Promise<void> {
  if (!socket?.connected) throw new Problem("unreachable", "There is no connection.");
  const ack: Ack = await socket
    .timeout(ANSWER_MS)
    .emitWithAck(event, { ...body, key })
    .catch(() => Promise.reject(new Problem("unreachable", "No answer came.")));
  if (!ack.ok) throw new Problem(ack.code ?? "internal", ack.problem?.detail ?? "", 0, [], ack.problem?.subject);
}

/** Say something that may be lost. */
export function mention(event: string, body: object): void {
  if (socket?.connected) socket.volatile.emit(event, body);
}

function changed(change: Change): void {
  const now = view.value;
  if (!now || change.before !== position) {
    socket?.disconnect().connect(); // a change is missing: the whole view again
    return;
  }
  position = change.position;
  const items = { ...now.items, ...change.set.items };
  for (const id of change.drop) delete items[id];
  view.value = { agent: change.set.agent ?? now.agent, items, followed: change.set.followed ?? now.followed };
}

function closing({ code, retry_ms }: Later): void {
  retryMs = retry_ms;
  if (code === "session_ended" || code === "agent_disabled") leave(code);
}

function refused(error: Error & { data?: Later }): void {
  lost();
  const code = error.data?.code;
  if (error.data?.retry_ms && socket) comeBack(socket, error.data.retry_ms);
  else if (code === "unauthenticated") leave("session_ended");
  else if (code) leave(code);
}

function lost(): void {
  lostSince.value ||= serverNow();
}
