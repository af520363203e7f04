// Who did what: every change of people, rights, skills, queues and hours, and every forced move; the newest first.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../shared/api";
import { moment } from "../shared/clock";
import { known, t } from "../shared/i18n";
import { attempt, Button, Empty, Field, Select } from "../shared/ui";
import { personName, queueName, skillName, teamName } from "./centre";
import { difference, type Difference } from "./difference";
import { useLive } from "./live";
import type { AuditRow } from "./types";

const KINDS = ["agent", "account", "queue", "item", "presence", "team", "skill", "hours", "code", "category", "entry_point", "key", "customer"] as const;

const LOGIN = "login:"; // what the name of a person begins with in the log
const OTHERS = /:|^(cli|console)$/; // what is no person's login: keys, and the operator's own machine

interface Filter {
  kind: string;
  subject: string;
  by: string;
}

interface Rows {
  rows: AuditRow[];
  next: string;
}

export function Audit({ id }: { id: string }) {
  const filter = useSignal<Filter>({ kind: "", subject: id, by: "" });
  const older = useSignal<Rows | null>(null);
  const query = queryOf(filter.value);
  const { value, refusal } = useLive(() => ask(query), [query]);
  const narrow = (change: Partial<Filter>) => {
    [filter.value, older.value] = [{ ...filter.value, ...change }, null];
  };
  useEffect(() => narrow({ subject: id }), [id]);
  const rows = value ? joined(value.rows, older.value?.rows ?? []) : [];
  const more = (before: string) =>
    attempt(async () => {
      const found = await ask(query, before);
      older.value = { rows: [...rows, ...found.rows], next: found.next };
    });
  const next = older.value ? older.value.next : value?.next;
  return (
    <section class="stack">
      <h2>{t("supervisor.tab_audit")}</h2>
      <Filters value={filter.value} onChange={narrow} />
      {!value && <p class="soft">{refusal || t("loading")}</p>}
      {value && !rows.length && !next && <Empty title={t("supervisor.audit_none")} />}
      <ol class="stack tight">
        {rows.map((row) => (
          <Change key={keyOf(row)} row={row} />
        ))}
      </ol>
      {next && <Button onClick={() => void more(next)}>{t("supervisor.older")}</Button>}
    </section>
  );
}

function ask(query: string, before = ""): Promise<Rows> {
  return api<Rows>("GET", `/audit?${query}${before && `&before=${encodeURIComponent(before)}`}`);
}

function queryOf({ by, ...rest }: Filter): string {
  const filter = { ...rest, by: by && !OTHERS.test(by) ? `${LOGIN}${by}` : by };
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
}

/** The newest page above what was there when older ones were asked for: each row once. */
function joined(newest: AuditRow[], older: AuditRow[]): AuditRow[] {
  const rows = new Map([...newest, ...older].map((row) => [keyOf(row), row]));
  return [...rows.values()];
}

function keyOf({ at_ms, command, kind, subject, after }: AuditRow): string {
  return JSON.stringify([at_ms, command, kind, subject, after]);
}

function Filters({ value, onChange }: { value: Filter; onChange: (change: Partial<Filter>) => void }) {
  return (
    <search class="filters">
      <Select
        label={t("supervisor.audit_kind")}
        value={value.kind}
        onChange={(kind) => onChange({ kind })}
        options={KINDS.map((kind) => [kind, t(`kind.${kind}`)] as const)}
        empty={t("supervisor.any")}
      />
      <Field
        label={t("supervisor.audit_subject")}
        type="search"
        value={value.subject}
        onInput={(subject) => onChange({ subject: subject.trim() })}
      />
      <Field label={t("supervisor.audit_by")} type="search" value={value.by} onInput={(by) => onChange({ by: by.trim() })} />
    </search>
  );
}

function Change({ row }: { row: AuditRow }) {
  const { at_ms, by, kind, subject, before, after } = row;
  return (
    <li class="card stack tight">
      <p>
        <small class="timer">{moment(at_ms)}</small> <strong>{by.replace(LOGIN, "") || t("supervisor.by_itself")}</strong>{" "}
        {deed(row)} · {known(`kind.${kind}`) ?? kind} <strong>{nameOf(kind, subject)}</strong>
      </p>
      <dl class="difference">
        {difference(before, after).map((one) => (
          <Line key={one.field} {...one} />
        ))}
      </dl>
    </li>
  );
}

function Line({ field, before, after }: Difference) {
  return (
    <div>
      <dt>{field}</dt>
      <dd>
        {before && <del>{before}</del>} {before && "→ "}
        <ins>{after || "–"}</ins>
      </dd>
    </div>
  );
}

function deed({ command, before, after }: AuditRow): string {
  if (command === "ApplyCentre" && !before) return t("supervisor.made");
  if (command === "ApplyCentre" && !after) return t("supervisor.removed");
  return known(`command.${command}`) ?? command;
}

function nameOf(kind: string, subject: string): string {
  const name = { agent: personName, presence: personName, queue: queueName, skill: skillName, team: teamName }[kind];
  return name ? name(subject) : subject;
}
