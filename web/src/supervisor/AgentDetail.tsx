// One agent: what a leader may do about them, beside what they can and serve (Abilities) and their log-in (Access).
import { useSignal } from "@preact/signals";
import { api, tagged } from "../shared/api";
import { t } from "../shared/i18n";
import { all } from "../shared/records";
import { attempt, Badge, Button, Select, Timer } from "../shared/ui";
import { Abilities } from "./Abilities";
import { Access } from "./Access";
import { AgentState } from "./AgentState";
import { queueName, reasonChoices, teamName } from "./centre";
import { DestinationChoice, useDestination } from "./Destination";
import { refreshAll, useLive } from "./live";
import { Act, Detail } from "./parts";
import { shown } from "./place";
import type { AgentRecord, AgentThen, Held, WorkItem } from "./types";

interface Shown {
  agent: AgentRecord;
  items: WorkItem[];
}

export function AgentDetail({ id }: { id: string }) {
  const { value, refusal } = useLive(() => load(id), [id]);
  return (
    <Detail tab="agents" title={value?.agent.name || id}>
      {value ? <Shown {...value} /> : <p class="soft">{refusal || t("loading")}</p>}
    </Detail>
  );
}

async function load(id: string): Promise<Shown> {
  const [agent, items] = await Promise.all([
    tagged<AgentRecord>("GET", `/agents/${encodeURIComponent(id)}`),
    all<WorkItem>(`/items?agent=${encodeURIComponent(id)}`),
  ]);
  return { agent: agent.body, items: items.filter(({ state }) => state !== "closed") };
}

/** An agent as they were: nothing of it can be changed. */
export function AgentOfThen({ agent }: { agent: AgentThen }) {
  return (
    <Detail key={agent.id} tab="agents" title={agent.name || agent.id}>
      <Whose agent={agent} />
      <AgentState agent={agent} />
      <section class="stack tight">
        <h3>{t("supervisor.items_held", { count: agent.items.length })}</h3>
        <HeldList items={agent.items} />
      </section>
    </Detail>
  );
}

function Whose({ agent: { id, teams } }: { agent: AgentThen | AgentRecord }) {
  return (
    <p class="soft">
      {id} · {teams.map(teamName).join(", ")}
    </p>
  );
}

function Shown({ agent, items }: Shown) {
  return (
    <>
      <Whose agent={agent} />
      <Presence agent={agent} />
      <Work agent={agent} items={items} />
      <Abilities agent={agent} />
      <Access agent={agent} />
    </>
  );
}

function Presence({ agent }: { agent: AgentRecord }) {
  const asking = useSignal(false);
  const offline = () => attempt(() => setPresence(agent.id, { state: "offline" })).then(refreshAll);
  return (
    <section class="stack tight">
      <h3>{t("supervisor.state")}</h3>
      <div class="row">
        <AgentState agent={agent} />
        <span class="space" />
        {agent.connected && <Button onClick={() => (asking.value = true)}>{t("supervisor.set_not_ready")}</Button>}
        {agent.state !== "offline" && <Button onClick={() => void offline()}>{t("supervisor.set_offline")}</Button>}
      </div>
      {asking.value && <NotReady agent={agent} onClose={() => (asking.value = false)} />}
    </section>
  );
}

function NotReady({ agent: { id, name }, onClose }: { agent: AgentRecord; onClose: () => void }) {
  const reason = useSignal("");
  return (
    <Act
      title={t("supervisor.not_ready_title", { name })}
      button={t("supervisor.set")}
      act={() => setPresence(id, { state: "not_ready", reason: reason.value })}
      onClose={onClose}
    >
      <Select
        label={t("supervisor.reason")}
        value={reason.value}
        onChange={(value) => (reason.value = value)}
        options={reasonChoices()}
        empty={t("supervisor.choose")}
        required
      />
    </Act>
  );
}

function setPresence(agent: string, body: object): Promise<unknown> {
  return api("PUT", `/agents/${agent}/presence`, { body });
}

function Work({ agent, items }: Shown) {
  const moving = useSignal(false);
  return (
    <section class="stack tight">
      <div class="row">
        <h3>{t("supervisor.items_held", { count: items.length })}</h3>
        <span class="space" />
        {items.length > 0 && <Button onClick={() => (moving.value = true)}>{t("supervisor.move_all")}</Button>}
      </div>
      <HeldList items={items} agent={agent} />
      {moving.value && <MoveAll agent={agent} count={items.length} onClose={() => (moving.value = false)} />}
    </section>
  );
}

/** With the `agent` who holds them: what they have not accepted yet can be taken back. */
function HeldList({ items, agent }: { items: Held[]; agent?: AgentRecord }) {
  const rescind = (item: string) =>
    attempt(() => api("POST", `/items/${item}/rescind`, { body: { of: agent?.id } })).then(refreshAll);
  return (
    <ul class="stack tight">
      {items.map(({ id, channel, state, reference, queue, first_entered_at_ms, interrupted, silent }) => (
        <li key={id} class="row tight">
          <Badge>{t(`channel.${channel}`)}</Badge>
          <strong>{reference}</strong>
          <span>{t(`state.${state}`)}</span>
          {interrupted && <Badge tone="warn">{t("item.interrupted")}</Badge>}
          {silent && <Badge>{t("item.silent")}</Badge>}
          <small>{queueName(queue)}</small>
          <Timer since={first_entered_at_ms} at={shown.value} />
          {agent && state === "reserved" && (
            <Button
              label={t("supervisor.take_back_of", { what: reference || queueName(queue) })}
              onClick={() => void rescind(id)}
            >
              {t("supervisor.take_back")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function MoveAll({ agent, count, onClose }: { agent: AgentRecord; count: number; onClose: () => void }) {
  const to = useDestination();
  const move = () => {
    const { kind, queue, person } = to.value;
    const body = kind === "queue" ? { queue } : kind === "person" ? { to_agent: person } : {};
    return api("POST", `/agents/${agent.id}/move`, { body });
  };
  return (
    <Act
      title={t("supervisor.move_all_title", { count, name: agent.name })}
      button={t("supervisor.move_now")}
      act={move}
      onClose={onClose}
    >
      <p>{t("supervisor.move_all_hint")}</p>
      <DestinationChoice to={to} but={agent.id} />
    </Act>
  );
}
