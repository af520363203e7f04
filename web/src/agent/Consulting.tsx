// Asking specialists while the item stays here; and the same seen by who was asked: the story, and room for an answer.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../shared/i18n";
import type { Consultation, Item } from "../shared/types";
import { Button, Field, notify, Select, Timer } from "../shared/ui";
import { Form, gone, useColleagues } from "./Actions";
import { agentName, codeChoices, queueChoices, queueName } from "./centre";
import { act, draft, edit } from "./work";

interface Props {
  item: Item;
  onClose: () => void;
}

export function Consult({ item, onClose }: Props) {
  const [queue, agent, note] = [useSignal(""), useSignal(""), useSignal("")];
  const people = useColleagues();
  const submit = async () => {
    const done = await act("consult", item.id, { note: note.value, queue: queue.value, to_agent: agent.value });
    if (done) notify(t("agent.consult_done"));
    return done;
  };
  return (
    <Form
      title={t("agent.consult")}
      button={t("agent.consult_send")}
      ready={note.value.trim() !== ""}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.consult_hint")}</p>
      <Field
        label={t("agent.consult_question")}
        required
        lines={4}
        value={note.value}
        onInput={(value) => (note.value = value)}
      />
      <Select
        label={t("agent.to_queue")}
        value={queue.value}
        empty={t("agent.usual_specialists")}
        options={queueChoices()}
        onChange={(value) => ([queue.value, agent.value] = [value, ""])}
      />
      <Select
        label={t("agent.to_colleague")}
        value={agent.value}
        empty={t("none")}
        options={people}
        onChange={(value) => ([agent.value, queue.value] = [value, ""])}
      />
    </Form>
  );
}

/** What I asked about this item and nobody has answered yet. */
export function Consultations({ item }: { item: Item }) {
  if (!item.consultations.length) return null;
  return (
    <section class="card stack" aria-labelledby="consultations-title">
      <h3 id="consultations-title">{t("agent.consultations")}</h3>
      <ul class="stack">
        {item.consultations.map((consult) => (
          <li key={consult.id} class="stack tight" aria-live="polite">
            <Standing consult={consult} />
            <Ends item={item} consult={consult} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Standing({ consult: { state, agent, only, queue, opened_at_ms } }: { consult: Consultation }) {
  const who = agentName(agent);
  return (
    <span>
      <strong>{only ? agentName(only) : queueName(queue)}</strong>
      <br />
      <span class="soft">
        {state === "active"
          ? t("agent.consult_taken", { who })
          : state === "reserved"
            ? t("agent.consult_rings", { who })
            : t("agent.consult_waits")}{" "}
        · <Timer since={opened_at_ms} />
      </span>
    </span>
  );
}

function Ends({ item, consult }: { item: Item; consult: Consultation }) {
  const reason = useSignal("");
  const who = agentName(consult.agent);
  const asks = !consult.warm && consult.queue !== item.queue;
  const hand = () =>
    gone(
      act("handover", item.id, { consult: consult.id, reason: reason.value }),
      item,
      t("agent.handover_done", { who }),
    );
  return (
    <div class="row">
      {consult.state === "active" && asks && (
        <Select
          hidden
          label={t("agent.reason")}
          value={reason.value}
          empty={t("agent.reason")}
          options={codeChoices("escalation")}
          onChange={(value) => (reason.value = value)}
        />
      )}
      {consult.state === "active" && (
        <Button kind={consult.warm ? "main" : undefined} disabled={asks && !reason.value} onClick={() => void hand()}>
          {t("agent.handover", { who })}
        </Button>
      )}
      <Button onClick={() => void act("withdraw", consult.id)}>{t("agent.withdraw")}</Button>
    </div>
  );
}

/** Who was asked answers here: the customer never sees it. */
export function Advice({ item }: { item: Item }) {
  const id = useId();
  const note = draft(item.id).note;
  const who = agentName(item.asker);
  const send = () => void gone(act("advise", item.id, { note }), item, t("agent.advise_done"));
  return (
    <form class="composer stack tight" onSubmit={(event) => event.preventDefault()}>
      <label for={id}>{t("agent.advise", { who })}</label>
      <textarea
        id={id}
        rows={5}
        value={note}
        aria-describedby={`${id}-hint`}
        onInput={(event) => edit(item.id, { note: event.currentTarget.value })}
      />
      <div class="row end">
        <small id={`${id}-hint`} class="grow">
          {t("agent.advise_hint", { who })}
        </small>
        <Button kind="main" disabled={!note.trim() || item.state !== "active"} onClick={send}>
          {t("agent.advise_send")}
        </Button>
      </div>
    </form>
  );
}
