// What was taken back while I was away, said until I have read it.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import { view } from "../shared/socket";
import type { Item } from "../shared/types";
import { Button } from "../shared/ui";
import { queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { callsThemselves, type Given } from "./work";

export function Returned() {
  const [rows, told, read] = [useSignal<(Item & { given?: Given })[]>([]), useSignal(""), useSignal("")];
  const ids = (view.value?.agent.returned ?? []).join(" "); // emptied by the server once I am ready again
  useEffect(() => {
    if (!ids) return;
    told.value = ids;
    void load(ids.split(" ")).then((found) => (rows.value = found));
  }, [ids]);
  if (!rows.value.length || told.value === read.value) return null;
  return (
    <section class="note warn stack tight" role="status">
      <p>{t("agent.taken_back", { count: rows.value.length })}</p>
      <ul>
        {rows.value.map(({ id, channel, queue, given }) => (
          <li key={id}>
            <ChannelMark channel={channel} /> {callsThemselves(given) || t("agent.unknown_customer")} · {queueName(queue)}
          </li>
        ))}
      </ul>
      <Button onClick={() => (read.value = told.value)}>{t("agent.understood")}</Button>
    </section>
  );
}

async function load(ids: string[]): Promise<Item[]> {
  const found = await Promise.all(ids.map((id) => api<Item>("GET", `/items/${id}`).catch(() => null)));
  return found.filter((item) => item !== null);
}
