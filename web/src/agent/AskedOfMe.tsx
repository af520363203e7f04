// What colleagues ask me, because I lead their team or stand in for who does.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { QuestionList } from "../shared/QuestionList";
import { type OpenQuestion, openQuestions } from "../shared/questions";
import { view } from "../shared/socket";
import { complain } from "../shared/ui";
import { agentName, codeName, queueName } from "./centre";

const WORDS = { agent: agentName, permission: (code: string) => codeName("permission", code), queue: queueName };

export function AskedOfMe() {
  const rows = useSignal<OpenQuestion[]>([]);
  const asked = view.value!.agent.asked;
  const load = () => {
    if (!view.peek()!.agent.asked.length) rows.value = [];
    else {
      openQuestions()
        .then((found) => (rows.value = found.filter(({ mine }) => mine)))
        .catch(complain);
    }
  };
  useEffect(load, [asked.join()]);
  return <QuestionList rows={rows.value} words={WORDS} agent onAnswered={load} />;
}
