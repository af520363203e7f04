// Why an item waits: how long it still will, what would end it, each step of its wait, and whom which rule keeps from it.
import { api } from "../shared/api";
import { figures, moment } from "../shared/clock";
import { type Key, known, t } from "../shared/i18n";
import { Badge } from "../shared/ui";
import { personName, queueName, skillName, teamName } from "./centre";
import { AGAIN_MS, useLive } from "./live";
import { href, place, shown, when } from "./place";
import type { Ending, Estimate, Explanation, PlanStep, StepTaken, Verdict } from "./types";

const NAMES_SHOWN = 8; // of those whom the same reason keeps from an item; the rest is a number
const ENDINGS_SHOWN = 4; // what ends it soonest; the rest is in the list of agents
const NEAREST = [
  "eligible",
  "no_room",
  "kept_for_others",
  "not_available",
  "not_connected",
  "excepted",
  "not_yet",
  "out_of_reach",
  "lacks_skill",
  "not_member",
  "not_named",
  "disabled",
]; // the reasons in the order in which they are easier undone

const ENDS: Partial<Record<string, Key>> = {
  no_room: "end.no_room",
  kept_for_others: "end.kept_for_others",
  not_available: "end.not_available",
  not_connected: "end.not_connected",
  excepted: "end.excepted",
  not_yet: "end.not_yet",
  out_of_reach: "end.out_of_reach",
  lacks_skill: "end.lacks_skill",
  not_member: "end.not_member",
};

export function Why({ item }: { item: string }) {
  const { at } = place.value;
  const load = () => api<Explanation>("GET", `/items/${item}/explain${when()}`);
  const { value, refusal } = useLive(load, [item, at], at ? 0 : AGAIN_MS);
  if (!value) return <p class="soft">{refusal || t("loading")}</p>;
  if (value.state !== "queued" && value.state !== "stuck") return <p>{t("supervisor.waits_no_more")}</p>;
  return (
    <div class="stack tight">
      {value.estimate && <Expected estimate={value.estimate} />}
      <Endings endings={value.endings} />
      <Steps steps={value.steps} />
      <Reasons verdicts={value.agents} />
    </div>
  );
}

/** Its place, and the range in which its wait will end. */
export function Expected({ estimate }: { estimate: Estimate }) {
  const { position, low_ms, expected_ms, high_ms, confidence } = estimate;
  if (low_ms === null || high_ms === null || expected_ms === null) {
    return <p>{t(estimate.reason === "nobody" ? "supervisor.expects_nobody" : "supervisor.expects_unknown", { position })}</p>;
  }
  const span = { low: figures(low_ms), high: figures(high_ms), expected: figures(expected_ms) };
  return <p>{t("supervisor.expects", { position, confidence, ...span })}</p>;
}

function Endings({ endings }: { endings: Ending[] }) {
  const said = endings.map(ends).filter((text) => text !== undefined);
  if (!said.length) return null;
  return (
    <section class="stack tight">
      <h4>{t("supervisor.would_end")}</h4>
      <ul>
        {said.slice(0, ENDINGS_SHOWN).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

/** What would have to happen, and when the first of it is expected. */
function ends({ reason, agents: count = 0, subject = "", at_ms }: Ending): string | undefined {
  const soon = at_ms === undefined ? "" : ` · ${t("supervisor.in", { time: figures(at_ms - shown.value) })}`;
  if (reason === "next_step") return t("supervisor.next_step") + soon;
  if (reason === "nobody_has") return t("supervisor.nobody_has", { skill: termName(subject) });
  const said = ENDS[reason];
  return said && t(said, { count }) + soon;
}

function Steps({ steps }: { steps: StepTaken[] }) {
  if (steps.length < 2) return null;
  return (
    <section class="stack tight">
      <h4>{t("supervisor.steps")}</h4>
      <ol class="rows">
        {steps.map((step, index) => (
          <li key={index}>
            <span>{moment(step.at_ms)}</span>
            <span>{step.kind === "plan" ? changes(step.step ?? {}) : t(`supervisor.step_${step.kind}`)}</span>
            <Badge tone={step.taken ? "good" : "calm"}>
              {step.taken ? t("supervisor.step_taken") : t("supervisor.in", { time: figures(step.at_ms - shown.value) })}
            </Badge>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What a step of the plan changes, in words. */
function changes(step: PlanStep): string {
  const said: string[] = [];
  for (const term of step.drop ?? []) said.push(t("supervisor.step_drop", { skill: termName(term) }));
  for (const [term, level] of Object.entries(step.lower ?? {})) {
    said.push(t("supervisor.step_lower", { skill: termName(term), level }));
  }
  if (step.members !== undefined) said.push(t("supervisor.step_members", { order: step.members }));
  for (const team of step.teams ?? []) said.push(t("supervisor.step_team", { team: teamName(team) }));
  for (const queue of step.queues ?? []) said.push(t("supervisor.step_queue", { queue: queueName(queue) }));
  if (step.priority) said.push(t("supervisor.step_priority", { points: step.priority }));
  if (step.overflow) said.push(t("supervisor.step_overflow", { queue: queueName(step.overflow) }));
  if (step.callback) said.push(t("supervisor.step_callback"));
  if (step.alert) said.push(t("supervisor.step_alert"));
  return said.join("; ");
}

/** "french|dutch:3" as people read it. */
function termName(term: string): string {
  const [skills = "", level] = term.split(":");
  const names = skills
    .replace(/^!/, "")
    .split("|")
    .map(skillName)
    .join(" / ");
  return level ? `${names} ${level}` : names;
}

/** For each reason how many it keeps from the item, and whom: the way to a person leads over their name. */
function Reasons({ verdicts }: { verdicts: Verdict[] }) {
  const by: Record<string, Verdict[]> = {};
  for (const verdict of verdicts) (by[verdict.reason] ??= []).push(verdict);
  const reasons = Object.entries(by).sort(([a], [b]) => NEAREST.indexOf(a) - NEAREST.indexOf(b));
  return (
    <dl class="why">
      {reasons.map(([reason, agents]) => (
        <div key={reason}>
          <dt>
            {known(`why.${reason}`) ?? reason} <Badge>{agents.length}</Badge>
          </dt>
          <dd>
            <Names verdicts={agents} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Names({ verdicts }: { verdicts: Verdict[] }) {
  const more = verdicts.length - NAMES_SHOWN;
  const first = [...verdicts].sort((a, b) => (a.until_at_ms ?? Infinity) - (b.until_at_ms ?? Infinity));
  return (
    <>
      {first.slice(0, NAMES_SHOWN).map(({ agent, until_at_ms }, index) => (
        <span key={agent}>
          {index > 0 && ", "}
          <a href={href("agents", agent)}>{personName(agent)}</a>
          {until_at_ms !== undefined && ` (${t("supervisor.in", { time: figures(until_at_ms - shown.value) })})`}
        </span>
      ))}
      {more > 0 && ` ${t("supervisor.more", { count: more })}`}
    </>
  );
}
