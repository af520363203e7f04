// On to the specialists: first who of them is there and how long it would take, then the way in which it goes.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { api } from "../shared/api";
import { figures, moment, serverNow } from "../shared/clock";
import { named, t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Badge, complain, Field, Select } from "../shared/ui";
import { Form, gone, local } from "./Actions";
import { codeChoices, queueChoices } from "./centre";
import { act, draft, edit } from "./work";

type Mode = "connect" | "callback" | "written";

interface Wait {
  low_ms: number | null;
  high_ms: number | null;
}

interface Specialists {
  queue: string;
  names: Record<string, string>;
  usual: boolean;
  open: boolean;
  opens_at_ms: number | null;
  there: number;
  free: number;
  wait: Wait | null;
}

interface Ways {
  rows: Specialists[];
  modes: Mode[];
}

const DONE = {
  connect: "agent.connect_done",
  callback: "agent.callback_done",
  written: "agent.escalation_done",
} as const;
const SLOT_MS = 4 * 3_600_000; // what is proposed: the customer need not wait longer by the phone

export function Escalation({ item, onClose }: { item: Item; onClose: () => void }) {
  const [reason, queue, mode] = [useSignal(""), useSignal(""), useSignal<Mode>("written")];
  const [from, until] = [useSignal(local(serverNow())), useSignal(local(serverNow() + SLOT_MS))];
  const ways = useWays(item.id, queue);
  const note = draft(item.id).note;
  const submit = async () => {
    const slot = { from_at_ms: instant(from.value), until_at_ms: instant(until.value) };
    const said = { reason: reason.value, note, queue: queue.value, mode: mode.value };
    const done = act("escalate", item.id, { ...said, ...(mode.value === "callback" ? slot : {}) });
    if (mode.value !== "connect") return gone(done, item, t(DONE[mode.value]));
    if (await done) edit(item.id, { note: "" });
    return done;
  };
  const slotted = mode.value !== "callback" || (from.value !== "" && until.value > from.value);
  return (
    <Form
      item={item}
      title={t("agent.escalate")}
      button={t("agent.escalate")}
      ready={reason.value !== "" && note.trim() !== "" && slotted}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.escalate_hint")}</p>
      <Who rows={ways?.rows ?? []} queue={queue} />
      <How modes={ways?.modes ?? ["written"]} mode={mode} />
      {mode.value === "callback" && (
        <div class="row">
          <Field label={t("agent.slot_from")} type="datetime-local" value={from.value} onInput={(at) => (from.value = at)} />
          <Field
            label={t("agent.slot_until")}
            type="datetime-local"
            value={until.value}
            min={from.value}
            onInput={(at) => (until.value = at)}
          />
        </div>
      )}
      <Select
        label={t("agent.reason")}
        required
        value={reason.value}
        empty={t("agent.choose_one")}
        options={codeChoices("escalation")}
        onChange={(value) => (reason.value = value)}
      />
      <Field
        label={t("agent.escalate_note")}
        required
        lines={4}
        value={note}
        onInput={(value) => edit(item.id, { note: value })}
      />
    </Form>
  );
}

/** The specialists as they are now; the usual ones are chosen until the person chooses. */
function useWays(item: string, queue: Signal<string>): Ways | null {
  const found = useSignal<Ways | null>(null);
  useEffect(() => {
    api<Ways>("GET", `/items/${item}/specialists`)
      .then((ways) => {
        found.value = ways;
        queue.value ||= ways.rows.find(({ usual }) => usual)?.queue ?? "";
      })
      .catch(complain);
  }, []);
  return found.value;
}

function Who({ rows, queue }: { rows: Specialists[]; queue: Signal<string> }) {
  const id = useId();
  if (!rows.length) {
    return (
      <Select
        label={t("agent.to_queue")}
        value={queue.value}
        empty={t("agent.usual_specialists")}
        options={queueChoices()}
        onChange={(value) => (queue.value = value)}
      />
    );
  }
  return (
    <fieldset class="stack tight ways">
      <legend>{t("agent.who_could")}</legend>
      {rows.map((row) => (
        <label key={row.queue} class="way">
          <input
            type="radio"
            name={id}
            checked={queue.value === row.queue}
            onChange={() => (queue.value = row.queue)}
          />
          <strong>{named(row.names, row.queue)}</strong>
          {row.usual && <Badge>{t("agent.usual")}</Badge>}
          <span class="soft">{standing(row)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function How({ modes, mode }: { modes: Mode[]; mode: Signal<Mode> }) {
  const id = useId();
  if (modes.length < 2) return null;
  return (
    <fieldset class="stack tight ways">
      <legend>{t("agent.how")}</legend>
      {modes.map((one) => (
        <label key={one} class="way">
          <input type="radio" name={id} checked={mode.value === one} onChange={() => (mode.value = one)} />
          <span>{t(`agent.mode_${one}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Open or when, who is there, how long it would take: in one line. */
function standing({ open, opens_at_ms, there, free, wait }: Specialists): string {
  const shut = opens_at_ms ? t("agent.opens", { at: moment(opens_at_ms) }) : t("agent.shut");
  const people = there ? `${t("agent.there", { count: there })}, ${t("agent.free", { count: free })}` : t("agent.nobody_there");
  return [open ? t("agent.open_now") : shut, people, expected(wait, free > 0)].join(" · ");
}

function expected(wait: Wait | null, free: boolean): string {
  if (wait?.low_ms == null || wait.high_ms == null) return t("agent.wait_unknown");
  if (free && !wait.high_ms) return t("agent.at_once");
  return t("agent.wait_about", { low: figures(wait.low_ms), high: figures(wait.high_ms) });
}

function instant(local: string): number {
  return new Date(local).getTime();
}
