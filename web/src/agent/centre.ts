// The centre's own words: queues, codes, categories and colleagues, asked for when the page opens.
import { signal } from "@preact/signals";
import { type Choice, sorted } from "../shared/choice";
import { named } from "../shared/i18n";
import { all, byId } from "../shared/records";
import { view } from "../shared/socket";
import type { Channel, Named, Presence } from "../shared/types";

export interface Queue extends Named {
  line: number;
  demands?: ("category" | "outcome")[];
}

export interface Category extends Named {
  parent: string;
}

export interface Code extends Named {
  kind: "disposition" | "not_ready" | "escalation" | "decline" | "closing" | "permission" | "return";
}

export interface Colleague {
  id: string;
  name: string;
  state: Presence;
  room: Channel[];
}

const SYSTEM_REASONS = ["no_answer"]; // said by the server, never chosen

const queues = signal<Record<string, Queue>>({});
const categories = signal<Record<string, Category>>({});
const codes = signal<Record<string, Code>>({});
const people = signal<Record<string, Colleague>>({});

export async function loadCentre(): Promise<void> {
  const [allQueues, allCategories, allCodes, allPeople] = await Promise.all([
    all<Queue>("/queues"),
    all<Category>("/categories"),
    all<Code>("/codes"),
    all<Colleague>("/colleagues"),
  ]);
  [queues.value, categories.value] = [byId(allQueues), byId(allCategories)];
  [codes.value, people.value] = [byId(allCodes), byId(allPeople)];
}

/** To whom work may be handed right now: whoever is ready comes first. */
export async function colleagues(): Promise<Colleague[]> {
  people.value = byId(await all<Colleague>("/colleagues"));
  return Object.values(people.value).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** The name of a colleague, or one's own; of a leader who works as no agent, their login. */
export function agentName(named: string): string {
  const me = view.value?.agent;
  const id = named.replace(/^login:/, "");
  return (id === me?.id ? me.name : people.value[id]?.name) || id;
}

export function queue(id: string): Queue | undefined {
  return queues.value[id];
}

export function queueName(id: string): string {
  return named(queues.value[id]?.names, id);
}

export function queueChoices(): Choice[] {
  return choices(Object.values(queues.value));
}

export function codeName(kind: Code["kind"], name: string): string {
  return named(codes.value[`${kind}:${name}`]?.names, name);
}

/** The codes of a kind that a person may choose, by the name that the server wants to hear. */
export function codeChoices(kind: Code["kind"]): Choice[] {
  const found = Object.values(codes.value).filter((code) => code.kind === kind);
  return choices(found, (id) => id.slice(kind.length + 1)).filter(([name]) => !SYSTEM_REASONS.includes(name));
}

export function categoryName(id: string): string {
  return named(categories.value[id]?.names, id);
}

/** Categories by their whole path, so that children stand below their parents. */
export function categoryChoices(): Choice[] {
  return sorted(Object.keys(categories.value).map((id) => [id, path(id)]));
}

function choices(records: Named[], value = (id: string) => id): Choice[] {
  return sorted(records.map(({ id, names }) => [value(id), named(names, value(id))]));
}

function path(id: string): string {
  const { parent } = categories.value[id]!;
  return parent in categories.value ? `${path(parent)} › ${categoryName(id)}` : categoryName(id);
}

function rank({ state }: Colleague): number {
  return ["available", "not_ready", "offline"].indexOf(state);
}
