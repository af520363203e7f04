// Agents: what they say and do, and what they hold. One that is open can be changed.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import type { Choice } from "../shared/choice";
import { moment } from "../shared/clock";
import { t } from "../shared/i18n";
import { all } from "../shared/records";
import { Badge, Button, Empty, Field, Select } from "../shared/ui";
import { AgentDetail, AgentOfThen } from "./AgentDetail";
import { AgentState } from "./AgentState";
import { skillChoices, skillName, teamChoices, teamName } from "./centre";
import { AGAIN_MS, useLive } from "./live";
import { NewAgent } from "./NewAgent";
import { RowLink, Split, Table } from "./parts";
import { place, when } from "./place";
import type { Agent, AgentThen, Board } from "./types";

interface Filter {
  name: string;
  team: string;
  skill: string;
  state: string;
}

export function Agents({ id }: { id: string }) {
  const { at } = place.value;
  const { value, refusal } = useLive<(Agent | AgentThen)[]>(at ? loadThen : load, [at], at ? 0 : AGAIN_MS);
  const filter = useSignal<Filter>({ name: "", team: "", skill: "", state: "" });
  const adding = useSignal(false);
  if (!value) return <p class="empty">{refusal || t("loading")}</p>;
  const found = value.filter((agent) => fits(agent, filter.value));
  const list = (
    <>
      <div class="row">
        <h2>{t("supervisor.agents", { count: found.length })}</h2>
        <span class="space" />
        {!at && (
          <Button kind="main" onClick={() => (adding.value = true)}>
            {t("supervisor.new_agent")}
          </Button>
        )}
      </div>
      <Filters value={filter.value} onChange={(change) => (filter.value = { ...filter.value, ...change })} />
      {found.length ? <AgentTable agents={found} open={id} /> : <Empty title={t("supervisor.nobody")} />}
      {adding.value && <NewAgent onClose={() => (adding.value = false)} />}
    </>
  );
  const then = value.find((agent): agent is AgentThen => agent.id === id && "items" in agent);
  return (
    <Split tab="agents" id={at && !then ? "" : id} list={list}>
      {then ? <AgentOfThen agent={then} /> : <AgentDetail key={id} id={id} />}
    </Split>
  );
}

async function load(): Promise<Agent[]> {
  return byName(await all<Agent>("/agents"));
}

async function loadThen(): Promise<AgentThen[]> {
  return byName((await api<Board>("GET", `/board${when()}`)).agents);
}

function byName<One extends Agent>(agents: One[]): One[] {
  return agents.sort((a, b) => a.name.localeCompare(b.name));
}

function fits(agent: Agent, { name, team, skill, state }: Filter): boolean {
  const said = agent.disabled ? "disabled" : agent.state;
  return (
    `${agent.name} ${agent.id}`.toLowerCase().includes(name.trim().toLowerCase()) &&
    (!team || agent.teams.includes(team)) &&
    (!skill || skill in agent.skills) &&
    (!state || said === state)
  );
}

function Filters({ value, onChange }: { value: Filter; onChange: (change: Partial<Filter>) => void }) {
  const any = t("supervisor.any");
  const states: Choice[] = [
    ["available", t("presence.available")],
    ["not_ready", t("presence.not_ready")],
    ["offline", t("presence.offline")],
    ["disabled", t("supervisor.disabled")],
  ];
  return (
    <search class="filters">
      <Field label={t("supervisor.name")} type="search" value={value.name} onInput={(name) => onChange({ name })} />
      <Select
        label={t("supervisor.team")}
        value={value.team}
        onChange={(team) => onChange({ team })}
        options={teamChoices()}
        empty={any}
      />
      <Select
        label={t("supervisor.skill")}
        value={value.skill}
        onChange={(skill) => onChange({ skill })}
        options={skillChoices()}
        empty={any}
      />
      <Select
        label={t("supervisor.state")}
        value={value.state}
        onChange={(state) => onChange({ state })}
        options={states}
        empty={any}
      />
    </search>
  );
}

function AgentTable({ agents, open }: { agents: Agent[]; open: string }) {
  return (
    <Table label={t("supervisor.tab_agents")}>
      <thead>
        <tr>
          <th scope="col">{t("supervisor.name")}</th>
          <th scope="col">{t("supervisor.state")}</th>
          <th scope="col" class="roomy">{t("supervisor.does")}</th>
          <th scope="col" class="number">
            {t("supervisor.holds")}
          </th>
          <th scope="col" class="wide">
            {t("supervisor.skills")}
          </th>
        </tr>
      </thead>
      <tbody>
        {agents.map((agent) => (
          <AgentLine key={agent.id} agent={agent} open={agent.id === open} />
        ))}
      </tbody>
    </Table>
  );
}

function AgentLine({ agent, open }: { agent: Agent; open: boolean }) {
  const { id, name, teams, skills, activity, connected, holds } = agent;
  const until = (skill: string) => agent.temporary.find((one) => one.skill === skill)?.until_at_ms;
  return (
    <tr class={open ? "current" : ""}>
      <th scope="row">
        <RowLink tab="agents" id={id} open={open}>
          {name || id}
        </RowLink>
        <small class="block">{teams.map(teamName).join(", ")}</small>
      </th>
      <td>
        <AgentState agent={agent} />
      </td>
      <td class="roomy">{connected ? t(`activity.${activity}`) : "–"}</td>
      <td class="number">
        {holds > 0 && !connected ? <Badge tone="bad">{t("supervisor.absent_with", { count: holds })}</Badge> : holds}
        {agent.over_capacity && <Badge tone="warn">{t("supervisor.over_capacity")}</Badge>}
      </td>
      <td class="wide">
        {Object.entries(skills).map(([skill, level], index) => (
          <span key={skill}>
            {index > 0 && ", "}
            {skillName(skill)} {level}
            {until(skill) && ` (${t("supervisor.temporary", { until: moment(until(skill)!) })})`}
          </span>
        ))}
      </td>
    </tr>
  );
}
