// The conversation: how far it is, what was said, and what the customer writes.
import { useSignal } from "@preact/signals";
import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { moment } from "../shared/clock";
import { t } from "../shared/i18n";
import { Button, Dialog } from "../shared/ui";
import { agentTypes, delivered, kept, leave, left, line, type Message, messages, say, seen, startAnew, state, typing } from "./talk";
import { type Waiting, waiting as told } from "./talk";

const MESSAGE_CHARS_MAX = 4_000; // always within the 16 KiB that the server takes, whatever the script

export function Conversation() {
  const leaving = useSignal(false);
  const over = left.value || state.value?.turned_away;
  return (
    <section class="card stack conversation" aria-label={t("chat.conversation")}>
      <Status />
      <Log />
      {over ? (
        <Button kind="main" onClick={startAnew}>
          {t("chat.anew")}
        </Button>
      ) : (
        <Composer onLeave={() => (leaving.value = true)} />
      )}
      {leaving.value && <Leaving onClose={() => (leaving.value = false)} />}
    </section>
  );
}

/** Where it stands, said in one sentence; and the reference, for whoever wants to come back to it. */
function Status() {
  return (
    <div class="stack tight">
      <p role="status" class={line.value === "lost" && !left.value ? "note warn" : ""}>
        {standing()}
      </p>
      {told.value && state.value?.state === "queued" && line.value === "live" && <p class="soft">{expected(told.value)}</p>}
      {state.value?.reference && (
        <p class="soft">
          {t("chat.reference")} <strong class="reference">{state.value.reference}</strong>
        </p>
      )}
    </div>
  );
}

/** The place, and the wait in minutes: half ones are rounded away from what would be a promise. */
function expected({ position, low_ms, high_ms }: Waiting): string {
  if (low_ms === undefined || high_ms === undefined) return t("chat.position", { position });
  const [low, high] = [Math.floor(low_ms / 60_000), Math.max(1, Math.ceil(high_ms / 60_000))];
  return low ? t("chat.expected", { position, low, high }) : t("chat.expected_soon", { position, count: high });
}

function standing(): string {
  const now = state.value;
  if (left.value) return t("chat.left");
  if (line.value === "new") return t("loading");
  if (line.value === "lost") return t("chat.offline");
  if (!now || !messages.value.length) return t("chat.write");
  if (now.turned_away) return now.message || t("chat.turned_away");
  if (now.state === "with_agent") return t("chat.with_agent", { name: now.agent ?? "" });
  if (now.state === "queued") return t(now.again ? "chat.queued_again" : "chat.queued");
  return t("chat.closed");
}

function Log() {
  const end = useRef<HTMLDivElement>(null);
  const unsent = waiting();
  const last = messages.value.findLast(({ side }) => side === "agent")?.seq ?? 0;
  const own = messages.value.findLast(({ side, seq }) => side === "customer" && seq <= delivered.value)?.seq;
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [messages.value.length, unsent.length]);
  useEffect(() => {
    const look = () => last && !document.hidden && seen(last);
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [last, line.value]);
  return (
    <div class="log" role="log" aria-label={t("chat.messages")} tabIndex={0}>
      {messages.value.map((message) => (
        <Said key={message.seq} message={message} seen={message.seq === own} />
      ))}
      {unsent.map(({ id, text }) => (
        <div key={id} class="said customer">
          <p lang={kept.value?.language}>{text}</p>
          <small>{t("chat.sending")}</small>
        </div>
      ))}
      <p class="soft typing">{agentTypes.value && t("chat.types")}</p>
      <div ref={end} />
    </div>
  );
}

/** What is not safe yet. What came back as a message already only waits for its acknowledgement. */
function waiting() {
  const unsent = kept.value?.unsent ?? [];
  const last = messages.value.findLast(({ side }) => side === "customer")?.text;
  return unsent.filter(({ text }, index) => index > 0 || text !== last);
}

function Said({ message: { side, text, agent, at_ms }, seen: wasSeen }: { message: Message; seen: boolean }) {
  return (
    <div class={`said ${side}`}>
      <small>
        {side === "agent" ? agent : t("chat.you")} · {moment(at_ms)}
      </small>
      <p lang={kept.value?.language}>{text}</p>
      {wasSeen && <small>{t("chat.seen")}</small>}
    </div>
  );
}

function Composer({ onLeave }: { onLeave: () => void }) {
  const text = useSignal("");
  const send = (event?: Event) => {
    event?.preventDefault();
    if (!text.value.trim()) return;
    say(text.value.trim());
    text.value = "";
  };
  const input = (event: TargetedEvent<HTMLTextAreaElement>) => {
    text.value = event.currentTarget.value;
    typing(text.value !== "");
  };
  const key = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="stack tight" onSubmit={send}>
      <label for="message" class="unseen">
        {t("chat.message")}
      </label>
      <textarea
        id="message"
        rows={3}
        maxLength={MESSAGE_CHARS_MAX}
        value={text.value}
        placeholder={t("chat.message")}
        onInput={input}
        onKeyDown={key}
      />
      <div class="row">
        <Button kind="danger" onClick={onLeave}>
          {t("chat.leave")}
        </Button>
        <small class="space">{t("chat.enter_hint")}</small>
        <Button type="submit" kind="main">
          {t("chat.send")}
        </Button>
      </div>
    </form>
  );
}

function Leaving({ onClose }: { onClose: () => void }) {
  const end = async () => {
    await leave();
    onClose();
  };
  return (
    <Dialog title={t("chat.leave_title")} onClose={onClose}>
      <div class="stack">
        <p>{t("chat.leave_hint")}</p>
        <div class="row end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" onClick={() => void end()}>
            {t("chat.leave")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
