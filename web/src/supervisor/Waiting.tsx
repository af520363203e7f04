// One item that waits: what it asks, why nobody has it, and the means to move it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api } from "../shared/api";
import { known, t } from "../shared/i18n";
import { Badge, Button, Timer } from "../shared/ui";
import { personName, queueName, skillName } from "./centre";
import { DestinationChoice, useDestination } from "./Destination";
import { AGAIN_MS, useLive } from "./live";
import { Act } from "./parts";
import { href, place, shown, when } from "./place";
import { Due } from "./QueueState";
import type { Explanation, WorkItem } from "./types";

const NAMES_SHOWN = 8; // of those whom the same reason keeps from an item; the rest is a number
const NEAREST = [
  "eligible",
  "no_room",
  "not_available",
  "not_connected",
  "excepted",
  "lacks_skill",
  "not_member",
  "not_named",
  "disabled",
]; // the reasons in the order in which they are easier undone

export function Waiting({ item }: { item: WorkItem }) {
  const [asked, moving] = [useSignal(false), useSignal(false)];
  const id = useId();
  const asks = Object.entries(item.requirement).map(([skill, level]) => `${skillName(skill)} ${level}`);
  return (
    <li class="waiting stack tight">
      <div class="row">
        <Badge>{t(`channel.${item.channel}`)}</Badge>
        <strong>{item.reference}</strong>
        {item.state === "stuck" && <Badge tone="bad">{t("state.stuck")}</Badge>}
        <span class="space" />
        <span>
          {t("supervisor.waits")} <Timer since={item.first_entered_at_ms} at={shown.value} />
        </span>
      </div>
      <p class="soft">
        {t("supervisor.due")} <Due at={item.due_at_ms} />
        {asks.length > 0 && ` · ${t("supervisor.asks", { skills: asks.join(", ") })}`}
        {item.only && ` · ${t("supervisor.only", { name: personName(item.only) })}`}
      </p>
      <div class="row">
        <Button expanded={asked.value} controls={id} onClick={() => (asked.value = !asked.value)}>
          {t("supervisor.why")}
        </Button>
        {!place.value.at && <Button onClick={() => (moving.value = true)}>{t("supervisor.move")}</Button>}
      </div>
      <div id={id}>{asked.value && <Why item={item.id} />}</div>
      {moving.value && <MoveItem item={item} onClose={() => (moving.value = false)} />}
    </li>
  );
}

/** For each reason how many it keeps from the item, and whom: the way to a person leads over their name. */
function Why({ item }: { item: string }) {
  const { at } = place.value;
  const load = () => api<Explanation>("GET", `/items/${item}/explain${when()}`);
  const { value, refusal } = useLive(load, [item, at], at ? 0 : AGAIN_MS);
  if (!value) return <p class="soft">{refusal || t("loading")}</p>;
  if (value.state !== "queued" && value.state !== "stuck") return <p>{t("supervisor.waits_no_more")}</p>;
  const by: Record<string, string[]> = {};
  for (const { agent, reason } of value.agents) (by[reason] ??= []).push(agent);
  const reasons = Object.entries(by).sort(([a], [b]) => NEAREST.indexOf(a) - NEAREST.indexOf(b));
  return (
    <dl class="why">
      {reasons.map(([reason, agents]) => (
        <div key={reason}>
          <dt>
            {known(`why.${reason}`) ?? reason} <Badge>{agents.length}</Badge>
          </dt>
          <dd>
            <Names ids={agents} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Names({ ids }: { ids: string[] }) {
  const more = ids.length - NAMES_SHOWN;
  return (
    <>
      {ids.slice(0, NAMES_SHOWN).map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <a href={href("agents", id)}>{personName(id)}</a>
        </span>
      ))}
      {more > 0 && ` ${t("supervisor.more", { count: more })}`}
    </>
  );
}

function MoveItem({ item, onClose }: { item: WorkItem; onClose: () => void }) {
  const to = useDestination();
  const move = () => {
    const { kind, queue, person } = to.value;
    if (kind === "person") return api("POST", `/items/${item.id}/transfer`, { body: { to_agent: person } });
    return api("POST", `/items/${item.id}/requeue`, { body: kind === "queue" ? { queue } : {} });
  };
  return (
    <Act
      title={t("supervisor.move_title", { what: item.reference || queueName(item.queue) })}
      button={t("supervisor.move_now")}
      act={move}
      onClose={onClose}
    >
      <DestinationChoice to={to} />
    </Act>
  );
}
