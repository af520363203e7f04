// Calling customers back: arranging it from the item in hand, and whom to call once the time has come.
import { type Signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { moment, serverNow } from "../shared/clock";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Button, Field, notify } from "../shared/ui";
import { Form, gone, local } from "./Actions";
import { act, given } from "./work";

type When = "soon" | "window";

const WHENS = ["soon", "window"] as const;
const WINDOW_MS = 3_600_000; // what is proposed: an hour, from an hour on
const AHEAD_MS = 365 * 86_400_000; // the server takes a date of up to a year ahead

export function CallBack({ item, onClose }: { item: Item; onClose: () => void }) {
  const from = item.channel === "phone" ? (given.value[item.id]?.address ?? "") : "";
  const [number, when, mine] = [useSignal(from), useSignal<When>("soon"), useSignal(true)];
  const start = useSignal(local(serverNow() + WINDOW_MS));
  const end = useSignal(local(serverNow() + 2 * WINDOW_MS));
  const submit = async () => {
    const window = { start_at_ms: Date.parse(start.value), end_at_ms: Date.parse(end.value) };
    const said = { number: number.value === from ? "" : number.value, mine: mine.value };
    const done = await act("call_back", item.id, when.value === "window" ? { ...said, windows: [window] } : said);
    if (done) notify(t("agent.call_back_done"));
    return done;
  };
  const timed = when.value === "soon" || (start.value !== "" && end.value > start.value);
  return (
    <Form
      title={t("agent.call_back")}
      button={t("agent.call_back_do")}
      ready={number.value.trim() !== "" && timed}
      submit={submit}
      onClose={onClose}
    >
      <p>{t("agent.call_back_hint")}</p>
      <Field
        label={t("agent.call_back_number")}
        type="tel"
        required
        value={number.value}
        onInput={(value) => (number.value = value)}
      />
      <Whens when={when} />
      {when.value === "window" && <Window start={start} end={end} />}
      <label class="check">
        <input type="checkbox" checked={mine.value} onChange={(event) => (mine.value = event.currentTarget.checked)} />
        {t("agent.call_back_mine")}
      </label>
    </Form>
  );
}

function Whens({ when }: { when: Signal<When> }) {
  const id = useId();
  return (
    <fieldset class="stack tight ways">
      <legend>{t("agent.call_back_when")}</legend>
      {WHENS.map((one) => (
        <label key={one} class="way">
          <input type="radio" name={id} checked={when.value === one} onChange={() => (when.value = one)} />
          <span>{t(`agent.call_back_${one}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Window({ start, end }: { start: Signal<string>; end: Signal<string> }) {
  const latest = local(serverNow() + AHEAD_MS);
  return (
    <div class="row">
      <Field
        label={t("agent.slot_from")}
        type="datetime-local"
        value={start.value}
        max={latest}
        onInput={(at) => (start.value = at)}
      />
      <Field
        label={t("agent.slot_until")}
        type="datetime-local"
        value={end.value}
        min={start.value}
        max={latest}
        onInput={(at) => (end.value = at)}
      />
    </div>
  );
}

/** Whether the customer does not wait on the line, but for our call. */
export function toCall({ callback, consults }: Item): boolean {
  return !!callback && !callback.reached && !consults;
}

/** Whom to call and how often that was tried. The phone system says itself that they answered. */
export function ToCall({ item }: { item: Item }) {
  if (!toCall(item) || item.state !== "active") return null;
  const { attempts, windows } = item.callback!;
  const number = given.value[item.id]?.address ?? "";
  const until = windows.find(({ end_at_ms }) => end_at_ms > serverNow())?.end_at_ms;
  const unreached = () => gone(act("unreached", item.id), item, t("agent.unreached_done"));
  return (
    <section class="card stack" aria-labelledby="to-call-title">
      <h3 id="to-call-title">{t("agent.call_back")}</h3>
      <p>
        <a href={`tel:${number}`}>{number}</a>
      </p>
      <p class="soft">
        {attempts ? t("agent.tried", { count: attempts }) : t("agent.not_tried")}
        {until && ` · ${t("agent.until", { at: moment(until) })}`}
      </p>
      <div class="row">
        <Button onClick={() => void unreached()}>{t("agent.unreached")}</Button>
      </div>
      <small>{t("agent.to_call_hint")}</small>
    </section>
  );
}
