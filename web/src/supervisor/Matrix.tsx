// The skills matrix: who can do what, and how well. Several cells are changed, looked at in advance, and saved as one.
import { useSignal } from "@preact/signals";
import { api, Problem, tagged } from "../shared/api";
import { moment } from "../shared/clock";
import { told } from "../shared/errors";
import { t } from "../shared/i18n";
import { Badge, Button, Empty, Field, notify, Select } from "../shared/ui";
import { queueName, personName, skillName, teamChoices, teamName } from "./centre";
import { refreshAll, useLive } from "./live";
import { Table } from "./parts";
import { href } from "./place";
import type { MatrixRow, Preview, SkillMatrix } from "./types";

const ROWS_SHOWN = 50; // of the agents that fit the filters: more makes a page that is slow to look at
const LEVELS = ["0", "1", "2", "3", "4", "5"];

type Edits = Record<string, number>;

interface Loaded {
  matrix: SkillMatrix;
  /** What every edit is made against: an agent whom somebody changed since then is not overwritten. */
  etag: string;
}

export function Matrix() {
  const [version, edits] = [useSignal(0), useSignal<Edits>({})];
  const [foretold, refusal, busy] = [useSignal<Preview | null>(null), useSignal(""), useSignal(false)];
  const filter = useSignal({ name: "", team: "" });
  const loaded = useLive(load, [version.value], 0);
  if (!loaded.value) return <p class="empty">{loaded.refusal || t("loading")}</p>;
  const { matrix, etag } = loaded.value;
  const found = matrix.agents.filter((row) => fits(row, filter.value));

  const edit = (row: MatrixRow, skill: string, level: number) => {
    const { [cellOf(row.id, skill)]: _, ...rest } = edits.value;
    edits.value = level === (row.skills[skill] ?? 0) ? rest : { ...rest, [cellOf(row.id, skill)]: level };
    [foretold.value, refusal.value] = [null, ""];
  };
  const begin = async (work: () => Promise<void>) => {
    [busy.value, refusal.value] = [true, ""];
    try {
      await work();
    } catch (error) {
      refusal.value = refusedFor(error);
    }
    busy.value = false;
  };
  const look = () =>
    begin(async () => {
      foretold.value = await api<Preview>("POST", "/preview", { body: { skills: cells(edits.value) } });
    });
  const save = () =>
    begin(async () => {
      const changes = cells(edits.value);
      await api("PATCH", "/skill-matrix", { body: { edits: changes }, etag });
      notify(t("supervisor.matrix_saved", { count: changes.length }));
      again();
      await refreshAll();
    });
  const again = () => {
    [edits.value, foretold.value, refusal.value] = [{}, null, ""];
    version.value++;
  };

  return (
    <section class="stack">
      <h2>{t("supervisor.tab_skills")}</h2>
      <p class="soft">{t("supervisor.matrix_hint")}</p>
      <Filters value={filter.value} onChange={(change) => (filter.value = { ...filter.value, ...change })} />
      {found.length && matrix.skills.length ? (
        <Cells matrix={matrix} rows={found.slice(0, ROWS_SHOWN)} edits={edits.value} onEdit={edit} />
      ) : (
        <Empty title={t("supervisor.nobody")} />
      )}
      {found.length > ROWS_SHOWN && <p class="soft">{t("supervisor.first_rows", { count: ROWS_SHOWN })}</p>}
      <div class="card row matrix-bar">
        <strong role="status">{t("supervisor.matrix_changes", { count: Object.keys(edits.value).length })}</strong>
        <span class="space" />
        <Button onClick={again} disabled={busy.value}>
          {t("supervisor.matrix_reset")}
        </Button>
        <Button onClick={() => void look()} disabled={busy.value || !Object.keys(edits.value).length}>
          {t("supervisor.matrix_preview")}
        </Button>
        <Button kind="main" onClick={() => void save()} disabled={busy.value || !Object.keys(edits.value).length}>
          {t("supervisor.matrix_save")}
        </Button>
      </div>
      <p role="alert" class="refusal">
        {refusal.value}
      </p>
      <div aria-live="polite">{foretold.value && <Foretold preview={foretold.value} />}</div>
    </section>
  );
}

/** The whole matrix, page by page; the ETag of the first: what is changed after that is noticed. */
async function load(): Promise<Loaded> {
  const { body: matrix, etag } = await tagged<SkillMatrix>("GET", "/skill-matrix");
  let page = matrix;
  const agents = [...matrix.agents];
  while (page.next) {
    page = await api<SkillMatrix>("GET", `/skill-matrix?${new URLSearchParams({ after: page.next })}`);
    agents.push(...page.agents);
  }
  agents.sort((a, b) => (a.name || a.id).localeCompare(b.name || b.id));
  return { matrix: { ...matrix, agents }, etag };
}

function refusedFor(error: unknown): string {
  const changed = error instanceof Problem && error.code === "stale_revision";
  return changed ? t("supervisor.matrix_stale", { name: personName(error.subject) }) : told(error);
}

function cellOf(agent: string, skill: string): string {
  return `${agent} ${skill}`;
}

function cells(edits: Edits): { agent: string; skill: string; level: number }[] {
  return Object.entries(edits).map(([cell, level]) => {
    const [agent = "", skill = ""] = cell.split(" ");
    return { agent, skill, level };
  });
}

function fits({ id, name, teams }: MatrixRow, filter: { name: string; team: string }): boolean {
  const named = `${name} ${id}`.toLowerCase().includes(filter.name.trim().toLowerCase());
  return named && (!filter.team || teams.includes(filter.team));
}

interface FilterProps {
  value: { name: string; team: string };
  onChange: (change: { name?: string; team?: string }) => void;
}

function Filters({ value, onChange }: FilterProps) {
  return (
    <search class="filters">
      <Field label={t("supervisor.name")} type="search" value={value.name} onInput={(name) => onChange({ name })} />
      <Select
        label={t("supervisor.team")}
        value={value.team}
        onChange={(team) => onChange({ team })}
        options={teamChoices()}
        empty={t("supervisor.any")}
      />
    </search>
  );
}

interface CellsProps {
  matrix: SkillMatrix;
  rows: MatrixRow[];
  edits: Edits;
  onEdit: (row: MatrixRow, skill: string, level: number) => void;
}

function Cells({ matrix, rows, edits, onEdit }: CellsProps) {
  const skills = [...matrix.skills].sort((a, b) => skillName(a.id).localeCompare(skillName(b.id)));
  return (
    <div class="matrix">
      <Table label={t("supervisor.tab_skills")}>
        <thead>
          <tr>
            <th scope="col">{t("supervisor.name")}</th>
            {skills.map(({ id }) => (
              <th key={id} scope="col">
                {skillName(id)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row">
                <a href={href("agents", row.id)}>{row.name || row.id}</a>
                <small class="block">{row.teams.map(teamName).join(", ")}</small>
              </th>
              {skills.map(({ id }) => (
                <Cell key={id} row={row} skill={id} edited={edits[cellOf(row.id, id)]} onEdit={onEdit} />
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

interface CellProps {
  row: MatrixRow;
  skill: string;
  edited: number | undefined;
  onEdit: CellsProps["onEdit"];
}

function Cell({ row, skill, edited, onEdit }: CellProps) {
  const lent = row.temporary.find((one) => one.skill === skill);
  const level = edited ?? row.skills[skill] ?? 0;
  return (
    <td class={edited === undefined ? "" : "edited"}>
      <select
        aria-label={t("supervisor.skill_title", { name: row.name || row.id, skill: skillName(skill) })}
        value={String(level)}
        onChange={(event) => onEdit(row, skill, Number(event.currentTarget.value))}
      >
        {LEVELS.map((one) => (
          <option key={one} value={one}>
            {one === "0" ? "–" : one}
          </option>
        ))}
      </select>
      {edited !== undefined && <small class="block">{t("supervisor.matrix_was", { level: row.skills[skill] ?? "–" })}</small>}
      {lent && (
        <small class="block">
          {lent.level || "–"} {t("supervisor.temporary", { until: moment(lent.until_at_ms) })}
        </small>
      )}
    </td>
  );
}

/** What the change would do to what waits: by queue, and who would be offered what at once. */
function Foretold({ preview }: { preview: Preview }) {
  const queues = Object.entries(preview.queues);
  return (
    <section class="card stack tight">
      <h3>{t("supervisor.preview_title")}</h3>
      {queues.length ? (
        <Table label={t("supervisor.preview_title")}>
          <thead>
            <tr>
              <th scope="col">{t("supervisor.queue")}</th>
              {(["waiting", "gained", "lost", "possible", "impossible"] as const).map((name) => (
                <th key={name} scope="col" class="number">
                  {t(`supervisor.preview_${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {queues.map(([queue, { waiting, gained, lost, possible, impossible }]) => (
              <tr key={queue}>
                <th scope="row">{queueName(queue)}</th>
                <td class="number">{waiting}</td>
                <td class="number">{gained}</td>
                <td class="number">{lost}</td>
                <td class="number">{possible}</td>
                <td class="number">{impossible > 0 ? <Badge tone="bad">{impossible}</Badge> : impossible}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      ) : (
        <p>{t("supervisor.preview_nothing")}</p>
      )}
      {preview.offers_total > 0 && (
        <>
          <h4>{t("supervisor.preview_offers", { count: preview.offers_total })}</h4>
          <ul class="rows">
            {preview.offers.map(({ item, queue, agent }) => (
              <li key={item}>
                <span>{queueName(queue)}</span>
                <span>{personName(agent)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
