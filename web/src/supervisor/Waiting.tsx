// One item that waits: what it asks, why nobody has it, and the means to move it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import { Badge, Button, Timer } from "../shared/ui";
import { personName, queueName, skillName } from "./centre";
import { DestinationChoice, useDestination } from "./Destination";
import { Act } from "./parts";
import { place, shown } from "./place";
import { Due } from "./QueueState";
import type { WorkItem } from "./types";
import { Expected, Why } from "./Why";

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
      {item.estimate && !asked.value && <Expected estimate={item.estimate} />}
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
