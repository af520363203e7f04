// The names of the centre's things, asked for when the page opens and whenever the leader turns to another part of it.
import { signal } from "@preact/signals";
import { type Choice, sorted } from "../shared/choice";
import { known, named, t } from "../shared/i18n";
import { all, byId } from "../shared/records";
import { session } from "../shared/session";
import type { Named, Presence } from "../shared/types";
import type { AgentRecord } from "./types";

interface Person {
  id: string;
  name: string;
  state: Presence;
}

interface Team extends Named {
  memberships: Record<string, unknown>;
}

const skills = signal<Record<string, Named>>({});
const teams = signal<Record<string, Team>>({});
const queues = signal<Record<string, Named>>({});
const codes = signal<Record<string, Named>>({});
const people = signal<Record<string, Person>>({});
/** Of everybody that the leader may know of, disabled ones too. */
const names = signal<Record<string, string>>({});

export async function loadCentre(): Promise<void> {
  const [allSkills, allTeams, allQueues, allCodes, allPeople, allAgents] = await Promise.all([
    all<Named>("/skills"),
    all<Team>("/teams"),
    all<Named>("/queues"),
    all<Named>("/codes"),
    all<Person>("/colleagues"),
    all<Person>("/agents"),
  ]);
  [skills.value, teams.value, queues.value] = [byId(allSkills), byId(allTeams), byId(allQueues)];
  [codes.value, people.value] = [byId(allCodes), byId(allPeople)];
  names.value = Object.fromEntries([...allAgents, ...allPeople].map(({ id, name }) => [id, name]));
}

/** Whether the leader leads one of these teams. */
export function mine(named: readonly string[]): boolean {
  const grants = session.value?.account.grants ?? [];
  return grants.some(
    (grant) =>
      (grant.role === "admin" && !grant.teams.length) ||
      (grant.role !== "agent" && grant.teams.some((team) => named.includes(team))),
  );
}

export function skillName(id: string): string {
  return named(skills.value[id]?.names, known(`language.${id}`) ?? id);
}

export function teamName(id: string): string {
  return named(teams.value[id]?.names, id);
}

export function queueName(id: string): string {
  return named(queues.value[id]?.names, id);
}

export function personName(id: string): string {
  return names.value[id] || id.replace(/^login:/, "");
}

/** Why somebody is not ready: a code of the centre, or a word of the server's own. */
export function reasonName(reason: string): string {
  return named(codes.value[`not_ready:${reason}`]?.names, known(`reason.${reason}`) ?? reason);
}

/** The names of a code, by kind:name. */
export function codeNames(id: string): Record<string, string> | undefined {
  return codes.value[id]?.names;
}

export function skillChoices(): Choice[] {
  return sorted(Object.keys(skills.value).map((id) => [id, skillName(id)]));
}

/** The teams that the leader leads. */
export function teamChoices(): Choice[] {
  const led = Object.keys(teams.value).filter((id) => mine([id]));
  return sorted(led.map((id) => [id, teamName(id)]));
}

export function queueChoices(): Choice[] {
  return sorted(Object.keys(queues.value).map((id) => [id, queueName(id)]));
}

export function personChoices(): Choice[] {
  const rows = Object.values(people.value);
  return sorted(rows.map(({ id, name, state }) => [id, `${name || id} (${t(`presence.${state}`)})`]));
}

export function reasonChoices(): Choice[] {
  const found = Object.keys(codes.value).filter((id) => id.startsWith("not_ready:"));
  return sorted(found.map((id) => [id.slice("not_ready:".length), named(codes.value[id]?.names, id)]));
}

/** Whether the agent serves the queue by one of their teams. */
export function servedByTeam(agent: AgentRecord, queue: string): boolean {
  return agent.teams.some((team) => queue in (teams.value[team]?.memberships ?? {}));
}
