// Specialists give back what was escalated to them: with the answer, or because it was none of theirs.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Field, Select } from "../shared/ui";
import { Form, gone } from "./Actions";
import { agentName, codeChoices, queueName } from "./centre";
import { act, draft, edit } from "./work";

const KINDS = ["answered", "wrongly_routed"] as const;

export function GiveBack({ item, onClose }: { item: Item; onClose: () => void }) {
  const id = useId();
  const [kind, reason] = [useSignal<(typeof KINDS)[number]>("answered"), useSignal("")];
  const note = draft(item.id).note;
  const codes = codeChoices("return");
  const wrong = kind.value === "wrongly_routed";
  const submit = () =>
    gone(
      act("return", item.id, { kind: kind.value, reason: wrong ? reason.value : "", note }),
      item,
      t("agent.return_done"),
    );
  const queue = queueName(item.returns_to);
  return (
    <Form
      title={t("agent.return")}
      button={t("agent.return")}
      ready={wrong ? reason.value.trim() !== "" : note.trim() !== ""}
      submit={submit}
      onClose={onClose}
    >
      <p>
        {item.escalated_by
          ? t("agent.return_hint", { queue, who: agentName(item.escalated_by) })
          : t("agent.return_hint_queue", { queue })}
      </p>
      <fieldset class="stack tight ways">
        <legend>{t("agent.return_kind")}</legend>
        {KINDS.map((one) => (
          <label key={one} class="way">
            <input type="radio" name={id} checked={kind.value === one} onChange={() => (kind.value = one)} />
            <span>{t(`returned.${one}`)}</span>
          </label>
        ))}
      </fieldset>
      {wrong && codes.length > 0 && (
        <Select
          label={t("agent.reason")}
          required
          value={reason.value}
          empty={t("agent.choose_one")}
          options={codes}
          onChange={(value) => (reason.value = value)}
        />
      )}
      {wrong && !codes.length && (
        <Field label={t("agent.reason")} required value={reason.value} onInput={(value) => (reason.value = value)} />
      )}
      <Field
        label={t(wrong ? "agent.note" : "agent.return_answer")}
        required={!wrong}
        lines={4}
        value={note}
        onInput={(value) => edit(item.id, { note: value })}
      />
    </Form>
  );
}
