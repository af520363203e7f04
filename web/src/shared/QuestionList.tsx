// Open questions with their answers as buttons: on the leader's page, and on the desk of a leader who is an agent.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "./i18n";
import { amountOf, type OpenQuestion, reply } from "./questions";
import type { Answer } from "./types";
import { announce, attempt, Badge, Button, Field, notify, Timer } from "./ui";

export interface Words {
  agent: (id: string) => string;
  permission: (code: string) => string;
  queue: (id: string) => string;
}

interface Props {
  rows: OpenQuestion[];
  words: Words;
  /** Whether the person works as an agent: only agents join, and take over. */
  agent: boolean;
  onAnswered: () => void;
}

const ANSWERS: Record<"permission" | "help", Answer[]> = {
  permission: ["approve", "refuse", "advise", "take_over"],
  help: ["join", "advise", "take_over"],
};
const FOR_AGENTS: Answer[] = ["join", "take_over"];

export function QuestionList({ rows, words, agent, onAnswered }: Props) {
  const count = rows.length;
  useEffect(() => {
    if (count) announce(t("questions.announce", { count }));
  }, [count]);
  if (!count) return null;
  return (
    <section class="asked" aria-labelledby="asked-title">
      <h2 id="asked-title">
        <span class="ring" aria-hidden="true">
          ?
        </span>{" "}
        {t("questions.title", { count })}
      </h2>
      <ul class="stack">
        {rows.map((row) => (
          <li key={row.question.id}>
            <Row row={row} words={words} agent={agent} onAnswered={onAnswered} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ row, words, agent, onAnswered }: Omit<Props, "rows"> & { row: OpenQuestion }) {
  const [note, busy] = [useSignal(""), useSignal(false)];
  const { question, text, queue, channel, reference } = row;
  const who = words.agent(question.agent);
  const what = question.kind === "help" ? t("questions.help") : words.permission(question.code);
  const answers = ANSWERS[question.kind].filter((one) => agent || !FOR_AGENTS.includes(one));
  const say = async (answer: Answer) => {
    busy.value = true;
    if (await attempt(() => reply(row, answer, note.value))) {
      notify(t("questions.answered"));
      onAnswered();
    }
    busy.value = false;
  };
  return (
    <article class="card stack tight" aria-label={`${who}: ${what}`}>
      <p class="row between">
        <span>
          <strong>{who}</strong> · {what}
          {question.amount > 0 && <strong> · {amountOf(question.amount)}</strong>}
        </span>
        <span class="row">
          {question.alarmed && <Badge tone="bad">{t("questions.late")}</Badge>}
          <Timer since={question.asked_at_ms} />
        </span>
      </p>
      {text && <p class="text">{text}</p>}
      <p class="soft">
        {t(`channel.${channel}`)} · {words.queue(queue)} · {reference}
      </p>
      <Field label={t("questions.note")} value={note.value} onInput={(value) => (note.value = value)} />
      <div class="row">
        {answers.map((answer) => (
          <Button
            key={answer}
            kind={answer === "approve" || answer === "join" ? "main" : "plain"}
            disabled={busy.value || (answer === "advise" && !note.value.trim())}
            label={`${t(`answer.${answer}`)}: ${who}, ${what}`}
            onClick={() => void say(answer)}
          >
            {t(`answer.${answer}`)}
          </Button>
        ))}
      </div>
    </article>
  );
}
