// What else can be done with an item: put on hold, escalate, hand over, call back. Each in a dialog of its own.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Choice } from "../shared/choice";
import { serverNow } from "../shared/clock";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Button, complain, Dialog, Field, notify, Select, takeRefusal } from "../shared/ui";
import { Asking } from "./Asking";
import { CallBack, toCall } from "./CallBack";
import { colleagues, queueChoices } from "./centre";
import { Consult } from "./Consulting";
import { Escalation } from "./Escalation";
import { GiveBack } from "./GiveBack";
import { MailWork } from "./MailWork";
import { act, draft, edit, open } from "./work";

type Name = "pending" | "escalate" | "transfer" | "consult" | "return" | "call_back";

export function Actions({ item }: { item: Item }) {
  const shown = useSignal<Name | "">("");
  const close = () => (shown.value = "");
  const phone = item.channel === "phone" && item.state === "active";
  if (item.consults) {
    return (
      <div class="row">
        <Button onClick={() => (shown.value = "transfer")}>{t("agent.transfer")}</Button>
        {shown.value === "transfer" && <Transfer item={item} onClose={close} />}
      </div>
    );
  }
  return (
    <div class="row">
      {item.state !== "pending" && !phone && (
        <Button onClick={() => (shown.value = "pending")}>{t("agent.hold")}</Button>
      )}
      {item.state === "pending" && <Button onClick={() => void act("resume", item.id)}>{t("agent.resume")}</Button>}
      <Button onClick={() => (shown.value = "transfer")}>{t("agent.transfer")}</Button>
      {item.returns_to && <Button onClick={() => (shown.value = "return")}>{t("agent.return")}</Button>}
      <Button onClick={() => (shown.value = "escalate")}>{t("agent.escalate")}</Button>
      <Button onClick={() => (shown.value = "consult")}>{t("agent.consult")}</Button>
      {!toCall(item) && <Button onClick={() => (shown.value = "call_back")}>{t("agent.call_back")}</Button>}
      <Asking item={item} />
      {item.channel === "email" && <MailWork item={item} />}
      {shown.value === "pending" && <Hold item={item} onClose={close} />}
      {shown.value === "escalate" && <Escalation item={item} onClose={close} />}
      {shown.value === "transfer" && <Transfer item={item} onClose={close} />}
      {shown.value === "consult" && <Consult item={item} onClose={close} />}
      {shown.value === "call_back" && <CallBack item={item} onClose={close} />}
      {shown.value === "return" && <GiveBack item={item} onClose={close} />}
    </div>
  );
}

interface Props {
  item: Item;
  onClose: () => void;
}

interface FormProps {
  item?: Item;
  onClose: () => void;
  title: string;
  button: string;
  ready?: boolean;
  children: ComponentChildren;
  submit: () => Promise<boolean>;
}

export function Form({ title, button, ready = true, children, submit, onClose }: FormProps) {
  const [busy, refusal] = [useSignal(false), useSignal("")];
  const go = async () => {
    [busy.value, refusal.value] = [true, ""];
    if (await submit()) onClose();
    else refusal.value = takeRefusal();
    busy.value = false;
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        {children}
        <p role="alert" class="refusal">
          {refusal.value}
        </p>
        <div class="row end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" type="submit" disabled={busy.value || !ready}>
            {button}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Hold({ item, onClose }: Props) {
  const until = useSignal("");
  const submit = async () => {
    const at = until.value ? new Date(until.value).getTime() : null;
    const done = await act("pending", item.id, { until_at_ms: at });
    if (done) notify(t("agent.held"));
    return done;
  };
  return (
    <Form item={item} title={t("agent.hold")} button={t("agent.hold")} submit={submit} onClose={onClose}>
      <p>{t("agent.hold_hint")}</p>
      <Field
        label={t("agent.hold_until")}
        type="datetime-local"
        min={local(serverNow())}
        value={until.value}
        onInput={(value) => (until.value = value)}
      />
    </Form>
  );
}

function Transfer({ item, onClose }: Props) {
  const [queue, agent] = [useSignal(""), useSignal("")];
  const people = useColleagues();
  const note = draft(item.id).note;
  const submit = () =>
    gone(act("transfer", item.id, { queue: queue.value, to_agent: agent.value, note }), item, t("agent.transfer_done"));
  const ready = (queue.value === "") !== (agent.value === "");
  return (
    <Form
      item={item}
      title={t("agent.transfer")}
      button={t("agent.transfer")}
      ready={ready}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.transfer_hint")}</p>
      <Select
        label={t("agent.to_queue")}
        value={queue.value}
        empty={t("none")}
        options={queueChoices().filter(([id]) => id !== item.queue)}
        onChange={(value) => ([queue.value, agent.value] = [value, ""])}
      />
      <Select
        label={t("agent.to_colleague")}
        value={agent.value}
        empty={t("none")}
        options={people}
        onChange={(value) => ([agent.value, queue.value] = [value, ""])}
      />
      <Field label={t("agent.note")} lines={3} value={note} onInput={(value) => edit(item.id, { note: value })} />
    </Form>
  );
}

/** To whom something can be handed, with how they are right now. */
export function useColleagues(): Choice[] {
  const found = useSignal<Choice[]>([]);
  useEffect(() => {
    colleagues()
      .then((rows) => {
        found.value = rows.map(({ id, name, state }) => [id, `${name || id} (${t(`presence.${state}`)})`] as const);
      })
      .catch(complain);
  }, []);
  return found.value;
}

export async function gone(acting: Promise<boolean>, { id }: Item, text: string): Promise<boolean> {
  if (!(await acting)) return false;
  edit(id, { text: "", note: "" });
  notify(text);
  open("");
  return true;
}

/** An instant as an input of date and time wants it: local, to the minute. */
export function local(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
