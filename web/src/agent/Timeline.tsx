// Every step of the item, for whoever wants to know who did what and when.
import { moment } from "../shared/clock";
import { known, t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { agentName, queueName } from "./centre";
import { type Step, steps } from "./work";

export function Timeline({ item }: { item: Item }) {
  const rows = (steps.value[item.id] ?? []).filter(({ type }) => known(`step.${type}`));
  return (
    <details class="card">
      <summary>{t("agent.timeline")}</summary>
      <ol class="stack tight">
        {rows.map((step) => (
          <li key={step.position}>
            <span class="soft">{moment(step.at_ms)}</span> {known(`step.${step.type}`)}
            {about(step) && <span class="soft"> · {about(step)}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}

function about({ agent, to_agent, queue, to_queue }: Step): string {
  const place = to_queue || queue;
  return [agent && agentName(agent), to_agent && agentName(to_agent), place && queueName(place)]
    .filter(Boolean)
    .join(" → ");
}
