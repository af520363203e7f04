// What a change changed, in words: one line for each field that is not as it was.
import { known, t } from "../shared/i18n";
import { figures, moment } from "../shared/clock";
import { personName, queueName, skillName, teamName } from "./centre";

export interface Difference {
  field: string;
  before: string;
  after: string;
}

type Side = Record<string, unknown> | null;

const UNTOLD = new Set(["id", "type", "kind", "revision", "version"]); // said by the row itself, or no matter of people

/** The fields in which both sides differ, down to single skills and queues. */
export function difference(before: Side, after: Side): Difference[] {
  const [was, is] = [flat(before ?? {}), flat(after ?? {})];
  const paths = [...new Set([...was.keys(), ...is.keys()])];
  return paths
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => ({ field: nameOf(path), before: was.get(path) ?? "", after: is.get(path) ?? "" }));
}

/** Every value with its path, as text. */
function flat(side: object, above: readonly string[] = []): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(side)) {
    const path = [...above, name];
    if (above.length === 0 && UNTOLD.has(name)) continue;
    if (pairs(value)) merge(found, flat(Object.fromEntries(value), path));
    else if (value && typeof value === "object" && !Array.isArray(value)) merge(found, flat(value, path));
    else if (told(value)) found.set(path.join("/"), said(path, value));
  }
  return found;
}

/** Skills and requirements are kept as [[id, level], …]. */
function pairs(value: unknown): value is [string, unknown][] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Array.isArray(one) && one.length === 2);
}

function merge(into: Map<string, string>, more: Map<string, string>): void {
  for (const [path, text] of more) into.set(path, text);
}

function told(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);
}

function said(path: readonly string[], value: unknown): string {
  const field = path.at(-1)!;
  if (typeof value === "boolean") return t(value ? "supervisor.yes" : "supervisor.no");
  if (typeof value === "number" && /^(until|since|at)$|_at$/.test(field)) return moment(value);
  if (typeof value === "number" && path.some((part) => part.endsWith("_ms"))) return figures(value);
  if (Array.isArray(value)) return value.map((one) => said(path, one)).join(", ");
  if (value && typeof value === "object") return [...flat(value).values()].join(" · ");
  return named(field, String(value));
}

const NAMES: Record<string, (id: string) => string> = {
  skills: skillName,
  requirement: skillName,
  skill: skillName,
  teams: teamName,
  team: teamName,
  memberships: queueName,
  queue: queueName,
  overflow: queueName,
  escalates_to: queueName,
  agent: personName,
  only: personName,
  fields: (field) => known(`field.${field}`) ?? field,
};

function named(field: string, value: string): string {
  if (field === "state") return known(`state.${value}`) ?? known(`presence.${value}`) ?? value;
  return NAMES[field]?.(value) ?? value;
}

/** "skills/fr" is "Skills: French". */
function nameOf(path: string): string {
  const [field = "", ...rest] = path.split("/");
  const below = rest.map((part) => (field in NAMES ? NAMES[field]!(part) : (known(`field.${part}`) ?? known(`channel.${part}`) ?? part)));
  return [known(`field.${field}`) ?? field, ...below].join(": ");
}
