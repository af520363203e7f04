// A day since midnight: the figures by quarter hour, queue, channel or agent; as a table, a plot, and a file.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import { figures } from "../shared/clock";
import { known, language, t } from "../shared/i18n";
import { Button, Empty, Field } from "../shared/ui";
import { personName, queueName } from "./centre";
import { saveCsv } from "./csv";
import { useLive } from "./live";
import { Table } from "./parts";
import { href } from "./place";
import { Plot, timeIn } from "./Plot";
import type { DayReport, Dimension, Figures } from "./types";

const AGAIN_MS = 10_000; // a whole day is counted each time, and its quarter hours last 90 times as long
const DIMENSIONS: readonly Dimension[] = ["quarter", "queue", "channel", "agent"];
type Row = DayReport["rows"][number];

export function Today({ id }: { id: string }) {
  const by = DIMENSIONS.find((one) => one === id) ?? "quarter";
  const date = useSignal("");
  const query = new URLSearchParams({ by, ...(date.value && { date: date.value }) }).toString();
  const { value, refusal } = useLive(() => api<DayReport>("GET", `/reports/day?${query}`), [query], AGAIN_MS);
  return (
    <section class="stack">
      <div class="row day">
        <h2>{t("supervisor.day_title")}</h2>
        <nav class="tabs" aria-label={t("supervisor.by")}>
          {DIMENSIONS.map((one) => (
            <a key={one} href={href("today", one)} aria-current={one === by ? "page" : undefined}>
              {t(`supervisor.by_${one}`)}
            </a>
          ))}
        </nav>
        <span class="space" />
        <Field
          label={t("supervisor.date")}
          type="date"
          value={date.value || (value?.date ?? "")}
          onInput={(day) => (date.value = day)}
        />
        <Button disabled={!value} onClick={() => value && saveCsv(value)}>
          {t("supervisor.csv")}
        </Button>
      </div>
      {value ? <Day report={value} by={by} /> : <p class="soft">{refusal || t("loading")}</p>}
    </section>
  );
}

function Day({ report, by }: { report: DayReport; by: Dimension }) {
  const { rows, total, as_of_ms, zone } = report;
  if (!rows.length) return <Empty title={t("supervisor.day_empty")} />;
  return (
    <>
      {by === "quarter" && <Plot report={report} />}
      <Table label={t("supervisor.day_title")}>
        <Head by={by} />
        <tbody>
          {rows.map((row) => (
            <tr key={row[by]}>
              <th scope="row">{nameOf(row, by, zone)}</th>
              <Cells of={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("supervisor.total")}</th>
            <Cells of={total} />
          </tr>
        </tfoot>
      </Table>
      <p class="soft">
        {t("supervisor.as_of", { when: timeIn(as_of_ms, zone), zone })} {t("supervisor.day_notes")}
      </p>
    </>
  );
}

function Head({ by }: { by: Dimension }) {
  const columns = ["offered", "answered", "abandoned", "waiting", "service_level", "wait", "wait_p90", "handle", "escalated"] as const;
  return (
    <thead>
      <tr>
        <th scope="col">{t(`supervisor.by_${by}`)}</th>
        {columns.map((name) => (
          <th key={name} scope="col" class="number">
            {t(`supervisor.day_${name}`)}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Cells({ of }: { of: Figures }) {
  const cells = [
    of.offered,
    of.answered,
    of.abandoned,
    of.waiting,
    of.service_level === null ? "–" : percent(of.service_level),
    lasting(of.wait_mean_ms),
    lasting(of.wait_p90_ms),
    lasting(of.handle_mean_ms),
    of.escalated,
  ];
  return (
    <>
      {cells.map((cell, index) => (
        <td key={index} class="number">
          {cell}
        </td>
      ))}
    </>
  );
}

function lasting(ms: number | null): string {
  return ms === null ? "–" : figures(ms);
}

function percent(share: number): string {
  return share.toLocaleString(language.value, { style: "percent", maximumFractionDigits: 1 });
}

function nameOf(row: Row, by: Dimension, zone: string): string {
  if (by === "quarter") return timeIn(row.quarter!, zone);
  if (by === "queue") return queueName(row.queue!);
  if (by === "channel") return known(`channel.${row.channel}`) ?? row.channel!;
  return row.agent ? personName(row.agent) : t("supervisor.nobody_yet");
}
