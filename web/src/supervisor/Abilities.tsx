// What an agent can and which queues they serve. Every change may be for a time; somebody else's is not overwritten.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import { moment } from "../shared/clock";
import { t } from "../shared/i18n";
import { Badge, Button, Field, Select } from "../shared/ui";
import { queueChoices, queueName, servedByTeam, skillChoices, skillName } from "./centre";
import { refreshAll } from "./live";
import { Act, Check } from "./parts";
import { useSeen } from "./seen";
import type { AgentRecord, Lent, Membership } from "./types";
import { instantOf, UntilChoice, useUntil } from "./Until";

const LEVELS = ["1", "2", "3", "4", "5"].map((level) => [level, level] as const);

interface Props {
  agent: AgentRecord;
}

export function Abilities({ agent }: Props) {
  return (
    <>
      <Skills agent={agent} />
      <Memberships agent={agent} />
    </>
  );
}

// -- skills --------------------------------------------------------------------------------------------------

function Skills({ agent }: Props) {
  const editing = useSignal<string | null>(null);
  const taken = agent.temporary.filter(({ skill, level }) => skill && !level).map(({ skill }) => skill!);
  const skills = [...new Set([...Object.keys(agent.skills), ...taken])].sort(byName(skillName));
  return (
    <section class="stack tight">
      <div class="row">
        <h3>{t("supervisor.skills")}</h3>
        <span class="space" />
        <Button onClick={() => (editing.value = "")}>{t("supervisor.add_skill")}</Button>
      </div>
      <ul class="rows">
        {skills.map((skill) => (
          <li key={skill}>
            <span>{skillName(skill)}</span>
            <span>{agent.skills[skill] ?? t("supervisor.taken")}</span>
            <Mark lent={agent.temporary.find((one) => one.skill === skill)} />
            <Change what={skillName(skill)} onClick={() => (editing.value = skill)} />
          </li>
        ))}
      </ul>
      {editing.value !== null && <Skill agent={agent} skill={editing.value} onClose={() => (editing.value = null)} />}
    </section>
  );
}

function Skill({ agent, skill, onClose }: Props & { skill: string; onClose: () => void }) {
  const chosen = useSignal(skill);
  const level = useSignal(String(agent.skills[skill] ?? 3));
  const [until, seen] = [useUntil(), useSeen<AgentRecord>(`/agents/${agent.id}`, agent)];
  const path = () => `/agents/${agent.id}/skills/${encodeURIComponent(chosen.value)}`;
  const take = level.value === "0";
  const save = () => {
    const instant = instantOf(until.value);
    if (take) return api("DELETE", `${path()}${instant ? `?until_at_ms=${instant}` : ""}`, { etag: seen.etag() });
    return api("PUT", path(), { body: { level: Number(level.value), until_at_ms: instant }, etag: seen.etag() });
  };
  const addable = skillChoices().filter(([id]) => !(id in agent.skills));
  return (
    <Act
      title={t("supervisor.skill_title", { name: agent.name, skill: skill ? skillName(skill) : t("supervisor.add_skill") })}
      button={t("save")}
      act={save}
      onClose={onClose}
      refused={seen.conflict((now) => skillNow(now, chosen.value))}
    >
      {!skill && (
        <Select
          label={t("supervisor.skill")}
          value={chosen.value}
          onChange={(value) => (chosen.value = value)}
          options={addable}
          empty={t("supervisor.choose")}
          required
        />
      )}
      <Select
        label={t("supervisor.level")}
        value={level.value}
        onChange={(value) => (level.value = value)}
        options={skill ? [["0", t("supervisor.take_away")], ...LEVELS] : LEVELS}
      />
      <UntilChoice until={until} />
    </Act>
  );
}

function skillNow(agent: AgentRecord, skill: string): string {
  return `${skillName(skill)}: ${agent.skills[skill] ?? t("none")}`;
}

// -- queues --------------------------------------------------------------------------------------------------

function Memberships({ agent }: Props) {
  const editing = useSignal<string | null>(null);
  const taken = agent.temporary.filter(({ queue, membership }) => queue && !membership).map(({ queue }) => queue!);
  const served = Object.keys(agent.memberships);
  const queues = [...new Set([...served, ...taken])].sort(byName(queueName));
  return (
    <section class="stack tight">
      <div class="row">
        <h3>{t("supervisor.serves")}</h3>
        <span class="space" />
        <Button onClick={() => (editing.value = "")}>{t("supervisor.add_queue")}</Button>
      </div>
      <ul class="rows">
        {queues.map((queue) => (
          <li key={queue}>
            <span>{queueName(queue)}</span>
            <span>{served.includes(queue) ? how(agent.memberships[queue]!) : t("supervisor.taken")}</span>
            <Mark lent={agent.temporary.find((one) => one.queue === queue)} />
            <Change what={queueName(queue)} onClick={() => (editing.value = queue)} />
          </li>
        ))}
      </ul>
      {editing.value !== null && (
        <MembershipForm agent={agent} queue={editing.value} onClose={() => (editing.value = null)} />
      )}
    </section>
  );
}

function how({ order, enabled }: Membership): string {
  return enabled ? t("supervisor.order", { order }) : t("supervisor.switched_off");
}

function MembershipForm({ agent, queue, onClose }: Props & { queue: string; onClose: () => void }) {
  const before = agent.memberships[queue];
  const [chosen, order] = [useSignal(queue), useSignal(String(before?.order ?? 1))];
  const enabled = useSignal(before?.enabled ?? true);
  const [until, seen] = [useUntil(), useSeen<AgentRecord>(`/agents/${agent.id}`, agent)];
  const path = () => `/agents/${agent.id}/memberships/${encodeURIComponent(chosen.value)}`;
  const save = () => {
    const body = { order: Number(order.value), enabled: enabled.value, until_at_ms: instantOf(until.value) };
    return api("PUT", path(), { body, etag: seen.etag() });
  };
  const remove = async () => {
    await api("DELETE", path(), { etag: seen.etag() });
    await refreshAll();
    onClose();
  };
  return (
    <Act
      title={t("supervisor.queue_title", { name: agent.name, queue: queue ? queueName(queue) : t("supervisor.add_queue") })}
      button={t("save")}
      act={save}
      onClose={onClose}
      refused={seen.conflict((now) => membershipNow(now, chosen.value))}
    >
      {!queue && (
        <Select
          label={t("supervisor.queue")}
          value={chosen.value}
          onChange={(value) => (chosen.value = value)}
          options={queueChoices().filter(([id]) => !(id in agent.memberships))}
          empty={t("supervisor.choose")}
          required
        />
      )}
      <Check label={t("supervisor.serves_it")} checked={enabled.value} onChange={(value) => (enabled.value = value)} />
      <Field
        label={t("supervisor.order_label")}
        hint={t("supervisor.order_hint")}
        type="number"
        min="1"
        max="99"
        value={order.value}
        onInput={(value) => (order.value = value)}
        required
      />
      <UntilChoice until={until} />
      {queue in agent.record.memberships && !servedByTeam(agent, queue) && (
        <Button kind="danger" onClick={() => void remove()}>
          {t("supervisor.remove_queue")}
        </Button>
      )}
    </Act>
  );
}

function membershipNow(agent: AgentRecord, queue: string): string {
  const now = agent.memberships[queue];
  return `${queueName(queue)}: ${now ? how(now) : t("none")}`;
}

// -- both ----------------------------------------------------------------------------------------------------

function byName(name: (id: string) => string): (a: string, b: string) => number {
  return (a, b) => name(a).localeCompare(name(b));
}

/** That something is for a time only, and until when. */
function Mark({ lent }: { lent: Lent | undefined }) {
  if (!lent) return null;
  return (
    <span class="lent">
      <Badge tone="warn">{t("supervisor.temporary", { until: moment(lent.until_at_ms) })}</Badge>
    </span>
  );
}

function Change({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <Button label={t("supervisor.change_of", { what })} onClick={onClick}>
      {t("supervisor.change")}
    </Button>
  );
}
