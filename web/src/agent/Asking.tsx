// Asking the leader of one's team: may I, or: help me. The item stays here meanwhile.
import { useSignal } from "@preact/signals";
import { t } from "../shared/i18n";
import { Menu } from "../shared/Menu";
import type { Item } from "../shared/types";
import { Button, Field, notify, Select } from "../shared/ui";
import { Form } from "./Actions";
import { codeChoices } from "./centre";
import { act } from "./work";

const HUNDRED = 100;

export function Asking({ item }: { item: Item }) {
  const shown = useSignal<"permission" | "help" | "">("");
  const close = () => (shown.value = "");
  return (
    <>
      <Menu text={t("agent.ask")}>
        {(shut) => (
          <ul class="stack tight">
            {(["permission", "help"] as const).map((kind) => (
              <li key={kind}>
                <Button
                  onClick={() => {
                    shut();
                    shown.value = kind;
                  }}
                >
                  {t(`agent.ask_${kind}`)}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Menu>
      {shown.value === "permission" && <Permission item={item} onClose={close} />}
      {shown.value === "help" && <Help item={item} onClose={close} />}
    </>
  );
}

interface Props {
  item: Item;
  onClose: () => void;
}

function Permission({ item, onClose }: Props) {
  const [code, reason, amount] = [useSignal(""), useSignal(""), useSignal("")];
  const codes = codeChoices("permission");
  const hundredths = Math.round(Number(amount.value.replace(",", ".") || 0) * HUNDRED);
  const submit = async () => {
    const done = await act("ask", item.id, { code: code.value, reason: reason.value, amount: hundredths });
    if (done) notify(t("agent.ask_done"));
    return done;
  };
  return (
    <Form
      title={t("agent.ask_permission")}
      button={t("agent.ask_send")}
      ready={code.value.trim() !== "" && reason.value.trim() !== "" && hundredths >= 0}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.ask_hint")}</p>
      {codes.length ? (
        <Select
          label={t("agent.ask_what")}
          required
          value={code.value}
          empty={t("agent.choose_one")}
          options={codes}
          onChange={(value) => (code.value = value)}
        />
      ) : (
        <Field label={t("agent.ask_what")} required value={code.value} onInput={(value) => (code.value = value)} />
      )}
      <Field
        label={t("agent.ask_why")}
        required
        lines={4}
        value={reason.value}
        onInput={(value) => (reason.value = value)}
      />
      <Field
        label={t("agent.ask_amount")}
        hint={t("agent.ask_amount_hint")}
        value={amount.value}
        onInput={(value) => (amount.value = value)}
      />
    </Form>
  );
}

function Help({ item, onClose }: Props) {
  const note = useSignal("");
  const submit = async () => {
    const done = await act("help", item.id, { note: note.value });
    if (done) notify(t("agent.ask_done"));
    return done;
  };
  return (
    <Form title={t("agent.ask_help")} button={t("agent.ask_call")} submit={submit} onClose={onClose}>
      <p>{t("agent.ask_hint")}</p>
      <Field label={t("agent.ask_help_note")} lines={4} value={note.value} onInput={(value) => (note.value = value)} />
    </Form>
  );
}
