// What is on this desk beside the server's view: which item is open, what was written in it, half-typed replies.
import { batch, computed, effect, signal } from "@preact/signals";
import { api, Problem } from "../shared/api";
import { card } from "../shared/customers";
import { t } from "../shared/i18n";
import { lostSince, mention, say, type Typing, view } from "../shared/socket";
import type { Answer, FollowedItem, Item, Question } from "../shared/types";
import { announce, attempt, complain, notify } from "../shared/ui";
import { agentName } from "./centre";

export interface Message {
  id?: string;
  seq: number;
  side: "customer" | "agent";
  at_ms: number;
  agent?: string;
  delivery?: string;
  text?: string;
  html?: string;
  subject?: string;
  to?: string[];
  cc?: string[];
  attachments?: { name: string; type: string; size: number; path: string }[];
  problem?: string;
  raw?: string;
  erased?: boolean;
}

/** A row of an item's timeline: the event's own fields beside these. */
export interface Step {
  position: number;
  type: string;
  at_ms: number;
  agent?: string;
  text?: string;
  reason?: string;
  queue?: string;
  from_queue?: string;
  to_queue?: string;
  to_agent?: string;
  note?: string;
  outcome?: string;
  category?: string;
  disposition?: string;
  channel?: string;
  kind?: Question["kind"];
  code?: string;
  amount?: number;
  answer?: Answer;
  by?: string;
  parts?: string[];
}

/** What only this person may read of an item: the customer's own words about themselves. */
export interface Given {
  name: string;
  address: string;
  attributes: Record<string, unknown>;
}

export interface Draft {
  text: string;
  note: string;
  /** Under which the text goes out: the same until it is edited, so that a repeated try sends it once. */
  key: string;
  sending: boolean;
}

const TYPING_MS = 6_000; // a customer who typed counts as typing for so long
const TOLD_TYPING_MS = 3_000; // how often the customer's screen is told that we type
const MADE_UP = /^visitor_.*/; // what the chat calls somebody who gives no name
const NOTHING: Draft = { text: "", note: "", key: "", sending: false };

export const opened = signal(location.hash.slice(1));
export const drafts = signal<Record<string, Draft>>({});
export const messages = signal<Record<string, Message[]>>({}); // by conversation
export const steps = signal<Record<string, Step[]>>({}); // by item
export const given = signal<Record<string, Given>>({}); // by item
const names = signal<Record<string, string>>({}); // by customer
export const typing = signal<Record<string, number>>({}); // conversation -> until

export const items = computed(() => Object.values(view.value?.items ?? {}).sort(byUrgency));
export const offers = computed(() => items.value.filter(({ state }) => state === "reserved"));
export const inHand = computed(() => items.value.filter(({ state }) => state === "active" || state === "wrapping"));
export const onHold = computed(() => items.value.filter(({ state }) => state === "pending"));
export const current = computed(() => items.value.find(({ id, state }) => id === opened.value && state !== "reserved"));

function byUrgency(a: Item, b: Item): number {
  return a.due_at_ms - b.due_at_ms || a.opened_at_ms - b.opened_at_ms;
}

/** Show an item; "" for none. Kept in the address, so that a reload shows the same. */
export function open(item: string): void {
  opened.value = item;
  history.replaceState(null, "", item ? `#${item}` : location.pathname);
}

/** Keep what is shown true: whenever the view says that there is more, it is asked for. */
export function follow(): void {
  effect(() => {
    for (const { id, customer } of items.value) {
      if (!given.peek()[id]) void loadGiven(id);
      if (customer && names.peek()[customer] === undefined) void loadName(customer);
    }
    for (const { item, customer } of view.value?.followed ?? []) {
      if (!given.peek()[item]) void loadGiven(item);
      if (customer && names.peek()[customer] === undefined) void loadName(customer);
    }
  });
  effect(() => {
    const item = current.value;
    if (item && !lostSince.value) void load(item.id, item.conversation, item.messages);
  });
  effect(missMine);
  effect(hearAnswers);
  effect(hearSpecialists);
  effect(hearEnds);
  addEventListener("beforeunload", (event) => {
    if (Object.values(drafts.value).some(({ text, note }) => text.trim() || note.trim())) event.preventDefault();
  });
}

let asking = new Map<string, string>(); // questions put to me, and the item of each
let mine = new Map<string, string>(); // the items that were shown as mine, and whose they are

/** Say so when an item goes that I did not let go of myself: a supervisor moved it, or I did at another screen. */
function missMine(): void {
  const now = new Map(
    [...inHand.value, ...onHold.value].map((item) => [item.id, item.state === "wrapping" ? "" : caller(item)]),
  );
  for (const [id, who] of mine) {
    if (!who || now.has(id) || parted.has(id)) continue;
    const given = items.value.find(({ id: item }) => item === asking.get(id)); // what I was asked about is mine now
    if (!given) notify(t("agent.gone", { who }), "warn");
    else if (opened.peek() === id) open(given.id);
  }
  mine = now;
  asking = new Map(items.value.filter(({ consults }) => consults).map(({ id, consults }) => [id, consults]));
}

let waiting = new Map<string, string>(); // my open questions, and the item of each

/** Say so when a leader has answered, whatever is on the screen. */
function hearAnswers(): void {
  const all = items.value.flatMap((item) => item.questions.map((question) => ({ item, question })));
  for (const { item, question } of all) {
    const { id, answer, by } = question;
    if (!waiting.has(id) || !answer || answer === "withdrawn") continue;
    const text = t("agent.answer_came", { who: agentName(by), answer: t(`answered.${answer}`), about: caller(item) });
    notify(text, answer === "refuse" ? "warn" : "good");
    announce(text);
  }
  waiting = new Map(all.filter(({ question }) => !question.answer).map(({ item, question }) => [question.id, item.id]));
}

let consulted = new Map<string, { item: string; answers: number }>(); // my open questions to specialists

/** Say so when specialists have answered, or a question ended without an answer. */
function hearSpecialists(): void {
  const open = items.value.flatMap(({ id, answers, consultations }) =>
    consultations.map((one) => [one.id, { item: id, answers }] as const),
  );
  const now = new Map(open);
  for (const [id, { item, answers }] of consulted) {
    const about = view.value?.items[item];
    if (now.has(id) || parted.has(id) || !about) continue;
    const text = t(about.answers > answers ? "agent.consult_answered" : "agent.consult_over", { about: caller(about) });
    notify(text);
    announce(text);
  }
  consulted = now;
}

let running = new Set<string>(); // followed items that had not ended

/** Say so when something that I follow has ended. */
function hearEnds(): void {
  const rows = view.value?.followed ?? [];
  for (const row of rows)
    if (row.state === "closed" && running.has(row.item))
      notify(t("agent.followed_ended", { what: customerOf(row) }));
  running = new Set(rows.filter(({ state }) => state !== "closed").map(({ item }) => item));
}

/** Whose item it is that I follow: by name or address, else what people call the conversation by. */
export function customerOf({ item, customer, reference }: FollowedItem): string {
  return names.value[customer] || callsThemselves(given.value[item]) || reference;
}

/** The customer's name for a list: as we know them, as they call themselves, else their address. */
export function caller({ id, customer }: Item): string {
  const known = given.value[id];
  return names.value[customer] || callsThemselves(known);
}

/** What a person can read of who it is: the name they gave, else their address; "" for none. */
export function callsThemselves(given: Given | undefined): string {
  return given?.name || given?.address.replace(MADE_UP, "") || "";
}

/** What a customer is called, once somebody has read or changed it. */
export function nameKnown(customer: string, name: string): void {
  names.value = { ...names.peek(), [customer]: name };
}

// -- what is written ----------------------------------------------------------------------------------------

let asked = "";

async function load(item: string, conversation: string, count: number): Promise<void> {
  const shown = view.peek()?.items[item];
  const beside = shown ? linked(shown) : [];
  const asking = shown?.questions.map(({ answer }) => answer).join();
  const consults = [shown?.answers, ...(shown?.consultations.map(({ id, state }) => `${id}${state}`) ?? [])].join();
  const parts = [beside.join(), shown?.parts.splits.join(), asking, consults];
  const want = [item, shown?.state, count, shown?.escalations, ...parts].join(" ");
  if (asked === want) return;
  asked = want;
  try {
    await Promise.all([
      loadMessages(conversation, count),
      loadSteps(item),
      ...beside.map((id) => loadMessages(id, Infinity)),
    ]);
  } catch (error) {
    asked = "";
    if (!(error instanceof Problem && error.status === 404)) complain(error);
  }
}

async function loadMessages(conversation: string, count: number): Promise<void> {
  const have = messages.peek()[conversation] ?? [];
  let after = have.at(-1)?.seq ?? 0;
  while (after < count) {
    const path = `/conversations/${conversation}/messages?after=${after}`;
    const page = await api<{ rows: Message[]; next: number }>("GET", path);
    if (!page.rows.length) return;
    const before = (messages.peek()[conversation] ?? []).filter(({ seq }) => seq <= after);
    messages.value = { ...messages.peek(), [conversation]: [...before, ...page.rows] };
    after = page.rows.at(-1)!.seq;
  }
}

/** The conversations that are read with an item's own: the mail that it is part of, those merged into it. */
export function linked({ parts }: Item): string[] {
  return [...(parts.split_from ? [parts.split_from] : []), ...parts.merged];
}

/** Read again what happened to an item. */
export async function loadSteps(item: string): Promise<void> {
  const about = view.peek()?.items[item]?.consults || item; // the story of a question is that of what it is about
  const { rows } = await api<{ rows: Step[] }>("GET", `/items/${about}/timeline`);
  steps.value = { ...steps.peek(), [item]: rows };
}

async function loadGiven(item: string): Promise<void> {
  given.value = { ...given.peek(), [item]: { name: "", address: "", attributes: {} } };
  const found = await api<{ given?: Given }>("GET", `/items/${item}`).catch(() => null);
  if (found?.given) given.value = { ...given.peek(), [item]: found.given };
}

async function loadName(id: string): Promise<void> {
  nameKnown(id, "");
  const found = await card(id).catch(() => null);
  if (found) nameKnown(id, found.customer.name);
}

// -- what the person does -----------------------------------------------------------------------------------

const PARTINGS = ["complete", "escalate", "transfer", "return", "handover", "advise", "dismiss", "merge", "unreached"];
const parted = new Set<string>();

/** Say something of an item; a refusal is shown. Whether it was done. */
export function act(action: string, item: string, body: object = {}, key?: string): Promise<boolean> {
  if (PARTINGS.includes(action) || action === "withdraw") parted.add(item);
  else parted.delete(item);
  return attempt(async () => {
    await say(action, { item, ...body }, key);
    if (item === opened.peek()) void loadSteps(item).catch(complain);
  });
}

export function draft(item: string): Draft {
  return drafts.value[item] ?? NOTHING;
}

export function edit(item: string, change: Partial<Draft>): void {
  drafts.value = { ...drafts.peek(), [item]: { ...(drafts.peek()[item] ?? NOTHING), ...change } };
}

/** Send the half-typed reply. It stays until the server has it. */
export async function send({ id, conversation, channel }: Item): Promise<boolean> {
  const { text, key: tried } = drafts.peek()[id] ?? NOTHING;
  if (!text.trim()) return false;
  const key = tried || crypto.randomUUID();
  edit(id, { key, sending: true });
  const done = await act("reply", id, { text }, key);
  edit(id, done ? { text: "", key: "", sending: false } : { sending: false });
  if (channel === "chat") tellTyping(conversation, false);
  return done;
}

let told = 0;

/** The customer's screen shows that we type: said now and then while it goes on. */
export function tellTyping(conversation: string, on: boolean): void {
  if (on && Date.now() - told < TOLD_TYPING_MS) return;
  told = on ? Date.now() : 0;
  mention("typing", { conversation, on });
}

/** The customer types, or stopped. */
export function heardTyping({ conversation, on }: Typing): void {
  const until = on ? Date.now() + TYPING_MS : 0;
  typing.value = { ...typing.value, [conversation]: until };
  if (on)
    setTimeout(
      () => typing.value[conversation] === until && heardTyping({ conversation, item: "", on: false }),
      TYPING_MS,
    );
}

/** What is on the screen counts as seen. */
export function tellSeen({ conversation, seen, consults }: Item): void {
  if (consults) return; // who is asked about a customer's words does not answer them
  const last = messages.value[conversation]?.at(-1)?.seq ?? 0;
  if (document.visibilityState === "visible" && last > (seen.agent ?? 0))
    mention("seen", { conversation, up_to: last });
}

/** Take what is offered, and show it. */
export async function accept({ id, reservation }: Item): Promise<void> {
  if (await act("accept", id, { reservation: reservation?.id ?? "" })) batch(() => open(id));
}
