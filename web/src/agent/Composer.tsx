// The answer to the customer, or a note that only colleagues see. Half-typed text stays with its item.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { announce, Button, notify } from "../shared/ui";
import { act, draft, edit, send, tellTyping } from "./work";

type Mode = "text" | "note";

export function Composer({ item }: { item: Item }) {
  const written = item.channel === "email" || item.channel === "chat";
  const answers = written && (item.state === "active" || item.state === "wrapping");
  const chosen = useSignal<Mode>("text");
  const mode = answers ? chosen.value : "note";
  return (
    <form class="composer stack tight" onSubmit={(event) => event.preventDefault()}>
      {written && (
        <div class="row" role="group" aria-label={t("agent.write")}>
          <Button pressed={mode === "text"} disabled={!answers} onClick={() => (chosen.value = "text")}>
            {t("agent.reply")}
          </Button>
          <Button pressed={mode === "note"} onClick={() => (chosen.value = "note")}>
            {t("agent.note")}
          </Button>
          {item.state === "pending" && <small>{t("agent.resume_first")}</small>}
        </div>
      )}
      <Writing key={mode} item={item} mode={mode} />
    </form>
  );
}

function Writing({ item, mode }: { item: Item; mode: Mode }) {
  const id = useId();
  const { [mode]: text, sending, key } = draft(item.id);
  const isReply = mode === "text";
  const input = (value: string) => {
    edit(item.id, isReply ? { text: value, key: "" } : { note: value });
    if (isReply && item.channel === "chat") tellTyping(item.conversation, value !== "");
  };
  const submit = () => void (isReply ? reply(item) : note(item));
  const keys = (event: KeyboardEvent) => {
    const sends =
      event.key === "Enter" &&
      (event.ctrlKey || event.metaKey || (isReply && item.channel === "chat" && !event.shiftKey));
    if (!sends || event.isComposing) return;
    event.preventDefault();
    if (!sending) submit();
  };
  return (
    <>
      <label class="unseen" for={id}>
        {t(isReply ? "agent.reply" : "agent.note")}
      </label>
      <textarea
        id={id}
        rows={item.channel === "chat" || !isReply ? 3 : 7}
        lang={isReply ? item.language || undefined : undefined}
        placeholder={t(isReply ? "agent.reply_hint" : "agent.note_hint")}
        value={text}
        onInput={(event) => input(event.currentTarget.value)}
        onKeyDown={keys}
      />
      <div class="row end">
        <small class="grow">{sending ? t("delivery.sending") : key && isReply ? t("agent.not_sure") : ""}</small>
        <Button kind="main" disabled={!text.trim() || sending} shortcut="Control+Enter" onClick={submit}>
          {t(isReply ? "agent.send" : "agent.keep_note")}{" "}
          <kbd>{isReply && item.channel === "chat" ? "↵" : "Ctrl ↵"}</kbd>
        </Button>
      </div>
    </>
  );
}

async function reply(item: Item): Promise<void> {
  if (await send(item)) announce(t("agent.sent"));
}

async function note({ id }: Item): Promise<void> {
  const text = draft(id).note;
  if (!text.trim()) return;
  if (await act("note", id, { text })) {
    edit(id, { note: "" });
    notify(t("agent.note_kept"));
  }
}
