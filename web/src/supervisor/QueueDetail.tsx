// One queue: closing and opening it, and what waits in it.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import { moment } from "../shared/clock";
import { LANGUAGES, t } from "../shared/i18n";
import { some } from "../shared/records";
import type { Page } from "../shared/types";
import { attempt, Button, Empty, Field, Select } from "../shared/ui";
import { queueChoices, queueName } from "./centre";
import { AGAIN_MS, refreshAll, useLive } from "./live";
import { Act, Detail } from "./parts";
import { href, place, when } from "./place";
import { OpenState } from "./QueueState";
import type { Queue, QueueThen, WorkItem } from "./types";
import { useSeen } from "./seen";
import { Waiting } from "./Waiting";

const WAITING_SHOWN = 50; // more than a screen; each has its estimate

export function QueueDetail({ queue }: { queue: Queue }) {
  const closing = useSignal(false);
  const { at } = place.value;
  const { value, refusal } = useLive(() => (at ? loadThen : load)(queue.id), [queue.id, at], at ? 0 : AGAIN_MS);
  const open = () => attempt(() => api("POST", `/queues/${queue.id}/open`)).then(refreshAll);
  return (
    <Detail tab="queues" title={queueName(queue.id)}>
      <div class="row">
        <OpenState queue={queue} />
        <a href={href("audit", queue.id)}>{t("supervisor.changes")}</a>
        <span class="space" />
        {at ? null : queue.closed ? (
          <Button kind="main" onClick={() => void open()}>
            {t("supervisor.reopen")}
          </Button>
        ) : (
          <Button kind="danger" onClick={() => (closing.value = true)}>
            {t("supervisor.close_queue")}
          </Button>
        )}
      </div>
      {queue.closed && <ClosedNote closed={queue.closed} />}
      {closing.value && <Closing queue={queue} onClose={() => (closing.value = false)} />}
      <h3>{t("supervisor.items_waiting", { count: queue.waiting })}</h3>
      {value ? <WaitingList page={value} /> : <p class="soft">{refusal || t("loading")}</p>}
    </Detail>
  );
}

/** What is stuck, and what waits in the order in which it goes. */
async function load(queue: string): Promise<Page<WorkItem>> {
  const id = encodeURIComponent(queue);
  const [stuck, waiting] = await Promise.all([
    some<WorkItem>(`/items?queue=${id}&state=stuck`),
    api<{ count: number; items: WorkItem[] }>("GET", `/queues/${id}/waiting?limit=${WAITING_SHOWN}`),
  ]);
  const rows = [...stuck.rows, ...waiting.items];
  return waiting.count > waiting.items.length ? { rows, next: queue } : { rows };
}

async function loadThen(queue: string): Promise<Page<WorkItem>> {
  const { items, queue: then } = await api<QueueThen>("GET", `/board/${encodeURIComponent(queue)}${when()}`);
  return then.waiting + then.stuck > items.length ? { rows: items, next: then.id } : { rows: items };
}

function WaitingList({ page: { rows, next } }: { page: Page<WorkItem> }) {
  if (!rows.length) return <Empty title={t("supervisor.nothing_waits")} />;
  return (
    <>
      <ul class="stack">
        {rows.map((item) => (
          <Waiting key={item.id} item={item} />
        ))}
      </ul>
      {next && <p class="soft">{t("supervisor.first_rows", { count: rows.length })}</p>}
    </>
  );
}

function ClosedNote({ closed: { since_at_ms, message, overflow } }: { closed: NonNullable<Queue["closed"]> }) {
  return (
    <div class="note warn stack tight">
      <p>{t("supervisor.closed_since", { when: moment(since_at_ms) })}</p>
      {overflow && <p>{t("supervisor.flows_to", { queue: queueName(overflow) })}</p>}
      {Object.entries(message).map(([language, said]) => (
        <p key={language} lang={language}>
          <small>{language.toUpperCase()}</small> {said}
        </p>
      ))}
    </div>
  );
}

/** What comes in from now on goes to another queue, or hears why nobody takes it. */
function Closing({ queue, onClose }: { queue: Queue; onClose: () => void }) {
  const { id } = queue;
  const [message, overflow] = [useSignal<Record<string, string>>({}), useSignal("")];
  const seen = useSeen<Queue>(`/queues/${id}`, queue);
  const close = () => {
    const said = Object.entries(message.value).filter(([, text]) => text.trim());
    const body = { message: Object.fromEntries(said), overflow: overflow.value };
    return api("POST", `/queues/${id}/close`, { body, etag: seen.etag() });
  };
  return (
    <Act
      title={t("supervisor.close_title", { queue: queueName(id) })}
      button={t("supervisor.close_queue")}
      kind="danger"
      act={close}
      onClose={onClose}
      refused={seen.conflict(({ closed }) => t(closed ? "supervisor.closed_by_hand" : "supervisor.is_open"))}
    >
      <p>{t("supervisor.close_hint")}</p>
      <Select
        label={t("supervisor.overflow")}
        value={overflow.value}
        onChange={(value) => (overflow.value = value)}
        options={queueChoices().filter(([other]) => other !== id)}
        empty={t("supervisor.overflow_none")}
      />
      <fieldset class="stack">
        <legend>{t("supervisor.close_message")}</legend>
        {Object.entries(LANGUAGES).map(([language, name]) => (
          <Field
            key={language}
            label={name}
            language={language}
            lines={2}
            value={message.value[language] ?? ""}
            onInput={(text) => (message.value = { ...message.value, [language]: text })}
          />
        ))}
      </fieldset>
    </Act>
  );
}
