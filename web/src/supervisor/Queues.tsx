// Queues: how much waits, for how long, and whether they are open. One that is open shows what waits in it.
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import { all, some } from "../shared/records";
import { Badge, Empty, Timer } from "../shared/ui";
import { mine, queueName, teamName } from "./centre";
import { AGAIN_MS, useLive } from "./live";
import { RowLink, Split, Table } from "./parts";
import { place, shown, when } from "./place";
import { QueueDetail } from "./QueueDetail";
import { Due, OpenState } from "./QueueState";
import type { Board, Queue, WorkItem } from "./types";

interface Shown {
  queues: Queue[];
  /** How many items are stuck in each queue. */
  stuck: Record<string, number>;
}

export function Queues({ id }: { id: string }) {
  const { at } = place.value;
  const { value, refusal } = useLive(at ? loadThen : load, [at], at ? 0 : AGAIN_MS);
  const open = value?.queues.find((queue) => queue.id === id);
  if (!value) return <p class="empty">{refusal || t("loading")}</p>;
  const [led, others] = [value.queues.filter(ledQueue), value.queues.filter((queue) => !ledQueue(queue))];
  const list = (
    <>
      {led.length ? (
        <QueueTable title={t("supervisor.queues_mine")} queues={led} stuck={value.stuck} open={id} />
      ) : (
        <Empty title={t("supervisor.queues_none")} />
      )}
      {others.length > 0 && <QueueTable title={t("supervisor.queues_others")} queues={others} stuck={{}} open={id} />}
    </>
  );
  return (
    <Split tab="queues" id={open ? id : ""} list={list}>
      {open && <QueueDetail key={id} queue={open} />}
    </Split>
  );
}

function ledQueue({ team }: Queue): boolean {
  return mine(team ? [team] : []);
}

async function load(): Promise<Shown> {
  const [queues, { rows }] = await Promise.all([all<Queue>("/queues"), some<WorkItem>("/items?state=stuck")]);
  const stuck: Record<string, number> = {};
  for (const { queue } of rows) stuck[queue] = (stuck[queue] ?? 0) + 1;
  return { queues, stuck };
}

async function loadThen(): Promise<Shown> {
  const { queues } = await api<Board>("GET", `/board${when()}`);
  return { queues, stuck: Object.fromEntries(queues.map(({ id, stuck }) => [id, stuck])) };
}

interface TableProps extends Shown {
  title: string;
  open: string;
}

function QueueTable({ title, queues, stuck, open }: TableProps) {
  return (
    <>
      <h2>{title}</h2>
      <Table label={title}>
        <thead>
          <tr>
            <th scope="col">{t("supervisor.queue")}</th>
            <th scope="col" class="number">
              {t("supervisor.waiting")}
            </th>
            <th scope="col" class="number">
              {t("supervisor.longest")}
            </th>
            <th scope="col">{t("supervisor.first_due")}</th>
            <th scope="col">{t("supervisor.open")}</th>
            <th scope="col" class="wide">
              {t("supervisor.demands")}
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <QueueLine key={queue.id} queue={queue} stuck={stuck[queue.id] ?? 0} open={queue.id === open} />
          ))}
        </tbody>
      </Table>
    </>
  );
}

function QueueLine({ queue, stuck, open }: { queue: Queue; stuck: number; open: boolean }) {
  const { id, team, waiting, oldest_entered_at_ms, demands } = queue;
  return (
    <tr class={open ? "current" : ""}>
      <th scope="row">
        {ledQueue(queue) ? (
          <RowLink tab="queues" id={id} open={open}>
            {queueName(id)}
          </RowLink>
        ) : (
          queueName(id)
        )}
        {team && <small class="block">{teamName(team)}</small>}
      </th>
      <td class="number">
        {waiting} {stuck > 0 && <Badge tone="bad">{t("supervisor.stuck", { count: stuck })}</Badge>}
      </td>
      <td class="number">{oldest_entered_at_ms === null ? "–" : <Timer since={oldest_entered_at_ms} at={shown.value} />}</td>
      <td>{queue.first_due_at_ms === null ? "–" : <Due at={queue.first_due_at_ms} />}</td>
      <td>
        <OpenState queue={queue} />
      </td>
      <td class="wide">{demands.map((one) => t(`supervisor.demand_${one}`)).join(", ") || "–"}</td>
    </tr>
  );
}
