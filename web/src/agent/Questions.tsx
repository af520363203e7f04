// What was asked of this item, and how far it is: waiting for whom, or answered. The words are in the story.
import { t } from "../shared/i18n";
import { amountOf } from "../shared/questions";
import type { Item, Question } from "../shared/types";
import { Badge, Timer, type Tone } from "../shared/ui";
import { agentName, codeName } from "./centre";
import type { Step } from "./work";

export const ASKING_STEPS = ["QuestionAsked", "QuestionAnswered"];

const TONES: Record<string, Tone> = { approve: "good", refuse: "bad", withdrawn: "calm" };

export function Questions({ item: { questions } }: { item: Item }) {
  if (!questions.length) return null;
  return (
    <section class="card stack" aria-labelledby="questions-title">
      <h3 id="questions-title">{t("agent.questions")}</h3>
      <ul class="stack tight">
        {questions.map((question) => (
          <li key={question.id} class="stack tight">
            <strong>{subject(question)}</strong>
            <span class="row">
              <Standing question={question} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Standing({ question: { answer, by, to, asked_at_ms } }: { question: Question }) {
  if (answer) {
    return (
      <>
        <Badge tone={TONES[answer] ?? "calm"}>{t(`answered.${answer}`)}</Badge>
        {by && <span class="soft">{agentName(by)}</span>}
      </>
    );
  }
  const who = to.length ? to.map(agentName).join(", ") : t("agent.asked_leaders");
  return (
    <>
      <Badge tone="warn">{t("agent.asked")}</Badge>{" "}
      <span class="soft">
        {who} · <Timer since={asked_at_ms} />
      </span>
    </>
  );
}

function subject({ kind, code, amount }: Pick<Question, "kind" | "code" | "amount">): string {
  if (kind === "help") return t("agent.ask_help");
  return [codeName("permission", code), amount ? amountOf(amount) : ""].filter(Boolean).join(" · ");
}

/** What a step of asking is called in the story; "" for any other step. */
export function askingTitle(step: Step): string {
  const { type, kind = "help", code = "", amount = 0, answer, by = "" } = step;
  if (type === "QuestionAsked") {
    return t("agent.was_asked", { agent: agentName(step.agent ?? ""), what: subject({ kind, code, amount }) });
  }
  if (type === "QuestionAnswered" && answer) return `${agentName(by)}: ${t(`answered.${answer}`)}`;
  return "";
}
