// Open questions of the leader's teams, on top of whatever part of the page they look at.
import { session } from "../shared/session";
import { QuestionList } from "../shared/QuestionList";
import { openQuestions } from "../shared/questions";
import { named } from "../shared/i18n";
import { codeNames, personName, queueName } from "./centre";
import { refreshAll, useLive } from "./live";

const WORDS = {
  agent: personName,
  permission: (code: string) => named(codeNames(`permission:${code}`), code),
  queue: queueName,
};

export function Asked() {
  const { value = [] } = useLive(openQuestions, []);
  const agent = !!session.value?.account.agent;
  return <QuestionList rows={value} words={WORDS} agent={agent} onAnswered={() => void refreshAll()} />;
}
