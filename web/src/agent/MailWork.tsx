// One mail that is several matters, and several that are one. Each in a dialog of its own.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Choice } from "../shared/choice";
import { moment } from "../shared/clock";
import { card } from "../shared/customers";
import { t } from "../shared/i18n";
import { Menu } from "../shared/Menu";
import type { Item } from "../shared/types";
import { Button, complain, Field, notify, Select } from "../shared/ui";
import { Form } from "./Actions";
import { categoryChoices, queueChoices, queueName } from "./centre";
import { act, caller, inHand, onHold, open } from "./work";

const PARTS_MAX = 20; // the server's bound

export function MailWork({ item }: { item: Item }) {
  const shown = useSignal<"split" | "merge" | "">("");
  const close = () => (shown.value = "");
  return (
    <>
      <Menu text={t("agent.mail_work")}>
        {(shut) => (
          <ul class="stack tight">
            {(["split", "merge"] as const).map((what) => (
              <li key={what}>
                <Button
                  onClick={() => {
                    shut();
                    shown.value = what;
                  }}
                >
                  {t(`agent.${what}`)}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Menu>
      {shown.value === "split" && <Split item={item} onClose={close} />}
      {shown.value === "merge" && <Merge item={item} onClose={close} />}
    </>
  );
}

interface Props {
  item: Item;
  onClose: () => void;
}

interface Part {
  key: number;
  category: string;
  queue: string;
  note: string;
}

let made = 0;

function part(): Part {
  return { key: ++made, category: "", queue: "", note: "" };
}

function Split({ item, onClose }: Props) {
  const parts = useSignal<Part[]>([part()]);
  const change = (key: number, now: Partial<Part>) =>
    (parts.value = parts.value.map((one) => (one.key === key ? { ...one, ...now } : one)));
  const submit = async () => {
    const body = { parts: parts.value.map(({ category, queue, note }) => ({ category, queue, note })) };
    const done = await act("split", item.id, body);
    if (done) notify(t("agent.split_done", { count: parts.value.length }));
    return done;
  };
  return (
    <Form title={t("agent.split")} button={t("agent.split_do")} submit={submit} onClose={onClose}>
      <p>{t("agent.split_hint")}</p>
      {parts.value.map(({ key, category, queue, note }, index) => (
        <fieldset key={key} class="stack tight">
          <legend class="row between">{t("agent.split_part", { number: index + 1 })}</legend>
          <Select
            label={t("agent.category")}
            value={category}
            empty={t("agent.not_said")}
            options={categoryChoices()}
            onChange={(value) => change(key, { category: value })}
          />
          <Select
            label={t("agent.to_queue")}
            value={queue}
            empty={t("agent.split_queue")}
            options={queueChoices()}
            onChange={(value) => change(key, { queue: value })}
          />
          <Field
            label={t("agent.split_note")}
            lines={2}
            value={note}
            onInput={(value) => change(key, { note: value })}
          />
          {parts.value.length > 1 && (
            <p class="row end">
              <Button
                kind="quiet"
                label={t("agent.split_remove_of", { number: index + 1 })}
                onClick={() => (parts.value = parts.value.filter((one) => one.key !== key))}
              >
                {t("agent.split_remove")}
              </Button>
            </p>
          )}
        </fieldset>
      ))}
      {parts.value.length < PARTS_MAX && (
        <Button onClick={() => (parts.value = [...parts.value, part()])}>{t("agent.split_more")}</Button>
      )}
    </Form>
  );
}

function Merge({ item, onClose }: Props) {
  const [other, goes] = [useSignal(""), useSignal<"this" | "other">("this")];
  const found = useOthers(item);
  const here = goes.value === "this";
  const submit = async () => {
    const [closing, into] = here ? [other.value, item.id] : [item.id, other.value];
    const done = await act("merge", closing, { into });
    if (done) notify(t("agent.merge_done"));
    if (done && !here) open(onHold.peek().concat(inHand.peek()).some(({ id }) => id === into) ? into : "");
    return done;
  };
  return (
    <Form
      title={t("agent.merge")}
      button={t("agent.merge_do")}
      ready={other.value !== ""}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.merge_hint")}</p>
      {found ? (
        <Select
          label={t("agent.merge_with")}
          required
          value={other.value}
          empty={found.length ? t("agent.choose_one") : t("agent.merge_none")}
          options={found}
          onChange={(value) => (other.value = value)}
        />
      ) : (
        <p role="status">{t("loading")}</p>
      )}
      <Select
        label={t("agent.merge_which")}
        value={goes.value}
        options={[
          ["this", t("agent.merge_this")],
          ["other", t("agent.merge_other")],
        ]}
        onChange={(value) => (goes.value = value === "this" ? "this" : "other")}
      />
    </Form>
  );
}

/** What it may be one matter with: my other mails, and this customer's open ones; null while they are looked for. */
function useOthers(item: Item): Choice[] | null {
  const theirs = useSignal<Choice[] | null>(item.customer ? null : []);
  useEffect(() => {
    if (!item.customer) return;
    card(item.customer)
      .then(({ customer: { contacts } }) => {
        const open = contacts.filter(({ channel, closed_at_ms }) => channel === "email" && closed_at_ms === null);
        theirs.value = open.map(
          ({ item: id, reference, queue, opened_at_ms }) =>
            [id, `${reference} · ${queueName(queue)} · ${moment(opened_at_ms)}`] as const,
        );
      })
      .catch((error) => {
        theirs.value = [];
        complain(error);
      });
  }, [item.customer]);
  if (!theirs.value) return null;
  const mine = [...inHand.value, ...onHold.value]
    .filter(({ channel }) => channel === "email")
    .map((one) => [one.id, `${one.reference} · ${caller(one)} · ${queueName(one.queue)}`] as const);
  const known = new Set([item.id, ...mine.map(([id]) => id)]);
  return [...mine.filter(([id]) => id !== item.id), ...theirs.value.filter(([id]) => !known.has(id))];
}
