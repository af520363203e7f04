// What was said, with what matters of what was done in between: notes, escalations, hand-overs.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, download } from "../shared/api";
import { moment } from "../shared/clock";
import { known, t } from "../shared/i18n";
import type { Delivery, Item } from "../shared/types";
import { attempt, Badge, Button, type Tone } from "../shared/ui";
import { toCall } from "./CallBack";
import { agentName, codeName, queueName } from "./centre";
import { ASKING_STEPS, askingTitle } from "./Questions";
import { MAIL_STEPS, mailTitle } from "./Parts";
import { linked, type Message, messages, type Step, steps, tellSeen, typing } from "./work";

const SPECIALIST_STEPS = ["ItemReturned", "ConsultOpened", "ConsultAnswered"];
const TOLD_STEPS = ["NoteAdded", "ItemEscalated", "ItemTransferred", ...SPECIALIST_STEPS, ...ASKING_STEPS, ...MAIL_STEPS];
const KILO = 1024;

type Entry = { at: number; message: Message; beside?: boolean } | { at: number; step: Step };

export function Story({ item }: { item: Item }) {
  const end = useRef<HTMLDivElement>(null);
  const said = messages.value[item.conversation];
  const done = (steps.value[item.id] ?? []).filter(({ type }) => TOLD_STEPS.includes(type));
  const entries: Entry[] = [
    ...(said ?? []).map((message) => ({ at: message.at_ms, message })),
    ...linked(item).flatMap((id) =>
      (messages.value[id] ?? []).map((message) => ({ at: message.at_ms, message, beside: true })),
    ),
    ...done.map((step) => ({ at: step.at_ms, step })),
  ].sort((a, b) => a.at - b.at);
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [entries.length]);
  useEffect(() => {
    const seen = () => tellSeen(item);
    seen();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [item, said?.length]);
  const spoken = toCall(item) ? "agent.before_the_call" : "agent.on_the_phone";
  if (!said && item.messages) return <p class="story empty">{t("loading")}</p>;
  return (
    <div class="story" role="log" tabIndex={0} aria-label={t("agent.story")}>
      {entries.map((entry) =>
        "message" in entry ? (
          <Said
            key={`${entry.beside ? entry.message.id : ""}${entry.message.seq}`}
            item={item}
            message={entry.message}
            beside={!!entry.beside}
          />
        ) : (
          <Done key={entry.step.position} step={entry.step} />
        ),
      )}
      {!entries.length && (
        <p class="empty">{t(item.channel !== "phone" ? "agent.nothing_said" : spoken)}</p>
      )}
      <p class="soft" aria-live="polite">
        {(typing.value[item.conversation] ?? 0) > 0 ? t("agent.customer_types") : ""}
      </p>
      <div ref={end} />
    </div>
  );
}

function Said({ item, message, beside }: { item: Item; message: Message; beside: boolean }) {
  const { side, at_ms, agent, subject, delivery, attachments = [], raw, problem } = message;
  const sent = delivery ? item.deliveries[delivery] : undefined;
  const read = side === "agent" && item.channel === "chat" && (item.seen.customer ?? 0) >= message.seq;
  return (
    <section class={`said ${side}`}>
      <p class="row between soft">
        <strong>
          {side === "customer" ? t("agent.customer") : agentName(agent ?? "")}
          {beside && <> · {t(item.parts.split_from ? "agent.of_whole_mail" : "agent.of_merged")}</>}
        </strong>
        <span>
          {moment(at_ms)}
          {read && ` · ${t("agent.seen")}`}
        </span>
      </p>
      {subject && <h3>{subject}</h3>}
      <Text item={item} message={message} />
      {problem && <p class="note warn">{t("agent.mail_problem")}</p>}
      <p class="row">
        {attachments.map(({ name, path, size }) => (
          <Button key={path} kind="quiet" onClick={() => void attempt(() => download(path, name))}>
            ⤓ {name || t("agent.file")} ({bytes(size)})
          </Button>
        ))}
        {raw && side === "customer" && (
          <Button kind="quiet" onClick={() => void attempt(() => download(raw, "message.eml"))}>
            ⤓ {t("agent.original")}
          </Button>
        )}
      </p>
      {sent && <Sent id={delivery!} delivery={sent} />}
    </section>
  );
}

/** Text as text. What a mail wanted to look like is shown on request only, in a frame that may do nothing. */
function Text({ item, message: { text, html, erased } }: { item: Item; message: Message }) {
  const formatted = useSignal(!text && !!html);
  if (erased) return <p class="soft">{t("agent.erased")}</p>;
  return (
    <>
      {formatted.value ? (
        <iframe class="mail" sandbox="" srcdoc={html} title={t("agent.formatted")} />
      ) : (
        <p class="text" lang={item.language || undefined}>
          {text}
        </p>
      )}
      {text && html && (
        <p>
          <Button kind="quiet" pressed={formatted.value} onClick={() => (formatted.value = !formatted.value)}>
            {t("agent.formatted")}
          </Button>
        </p>
      )}
    </>
  );
}

const TONES: Record<Delivery["state"], Tone> = {
  queued: "calm",
  sending: "calm",
  sent: "good",
  failed: "bad",
  unknown: "warn",
};

function Sent({ id, delivery: { state, code } }: { id: string; delivery: Delivery }) {
  const again = () => void attempt(() => api("POST", `/deliveries/${id}/retry`));
  return (
    <p class="row">
      <Badge tone={TONES[state]}>{t(`delivery.${state}`)}</Badge>
      {(state === "failed" || state === "unknown") && (
        <>
          <small>{t(`delivery.${state}.hint`, { code })}</small>
          <Button onClick={again}>{t("delivery.again")}</Button>
        </>
      )}
    </p>
  );
}

function Done({ step: whole }: { step: Step }) {
  const { type, at_ms, text, reason, from_queue, to_queue, ...step } = whole;
  const agent = agentName(step.agent ?? "") || t("agent.by_rule");
  const to = step.to_agent ? agentName(step.to_agent) : queueName(to_queue ?? "");
  const title =
    askingTitle(whole) ||
    specialistTitle(whole) ||
    mailTitle(whole) ||
    (type === "NoteAdded"
      ? t("agent.noted", { agent })
      : type === "ItemEscalated"
        ? t("agent.was_escalated", {
            agent,
            from: queueName(from_queue ?? ""),
            to,
            reason: known(`rule.${reason}`) ?? codeName("escalation", reason ?? ""),
          })
        : t("agent.was_transferred", { agent, to }));
  return (
    <section class="done">
      <p class="row between soft">
        <strong>{title}</strong>
        <span>{moment(at_ms)}</span>
      </p>
      {text && <p class="text">{text}</p>}
    </section>
  );
}

/** What a step of asking specialists, or of theirs, is called; "" for any other. */
function specialistTitle({ type, agent = "", queue = "", to_queue = "", to_agent, kind }: Step): string {
  const who = { agent: agentName(agent) };
  if (type === "ConsultOpened") {
    return t("agent.was_consulted", { ...who, to: to_agent ? agentName(to_agent) : queueName(queue) });
  }
  if (type === "ConsultAnswered") return t("agent.consult_said", who);
  if (type !== "ItemReturned") return "";
  return t("agent.was_returned", { ...who, to: queueName(to_queue), how: known(`returned.${kind}`) ?? "" });
}

function bytes(size: number): string {
  const [value, unit] = size < KILO * KILO ? [size / KILO, "kilobyte"] : [size / KILO / KILO, "megabyte"];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(
    value,
  );
}
