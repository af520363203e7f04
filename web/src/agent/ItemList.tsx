// My items of one kind, the most urgent first.
import { moment, now, relative } from "../shared/clock";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Badge, Timer } from "../shared/ui";
import { toCall } from "./CallBack";
import { queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { caller, draft, open, opened, typing } from "./work";

const LIVE = new Set<Item["channel"]>(["chat", "phone"]); // their target is met or missed when somebody accepts

export function ItemList({ title, items }: { title: string; items: Item[] }) {
  if (!items.length) return null;
  return (
    <section class="stack tight">
      <h2>
        {title} <span class="soft">{items.length}</span>
      </h2>
      <ul class="stack tight">
        {items.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              class="item"
              aria-current={item.id === opened.value ? "true" : undefined}
              onClick={() => open(item.id)}
            >
              <Lines item={item} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lines({ item }: { item: Item }) {
  const waiting = item.questions.some(({ answer }) => !answer);
  const fresh = item.id !== opened.value && item.messages > (item.seen.agent ?? 0);
  return (
    <>
      <span class="row between">
        <strong>{caller(item) || t("agent.unknown_customer")}</strong>
        {item.interrupted && <Badge tone="warn">{t("item.interrupted")}</Badge>}
        {item.silent && <Badge>{t("item.silent")}</Badge>}
        {toCall(item) && <Badge tone="warn">{t("agent.to_call")}</Badge>}
        {waiting && <Badge tone="warn">{t("agent.asked")}</Badge>}
        {fresh && <Badge tone="warn">{t("agent.new_message")}</Badge>}
        {(typing.value[item.conversation] ?? 0) > 0 && <Badge>{t("agent.types")}</Badge>}
        {draft(item.id).text.trim() && item.id !== opened.value && <Badge>{t("agent.draft")}</Badge>}
      </span>
      <span class="row between soft">
        <span>
          <ChannelMark channel={item.channel} /> · {queueName(item.queue)}
        </span>
      </span>
      <span class="row between soft">
        <When item={item} />
        {item.kept_until_at_ms && <span>{t("agent.kept_until", { at: moment(item.kept_until_at_ms) })}</span>}
      </span>
    </>
  );
}

/** The one time that matters in the item's state. */
export function When({ item }: { item: Item }) {
  if (item.state === "wrapping") {
    return (
      <span>
        {t("state.wrapping")} {item.wrap_until_at_ms && <Timer until={item.wrap_until_at_ms} />}
      </span>
    );
  }
  if (item.state === "pending") {
    const until = item.pending_until_at_ms;
    return <span>{until ? t("agent.until", { at: moment(until) }) : t("agent.until_customer")}</span>;
  }
  if (LIVE.has(item.channel)) return <span>{t("state.active")}</span>;
  if (item.replied) return <span>{t("agent.replied")}</span>;
  const late = item.due_at_ms < now.value;
  return (
    <span class={late ? "late" : ""}>
      {late
        ? t("agent.was_due", { when: relative(item.due_at_ms, now.value) })
        : t("agent.due", { when: relative(item.due_at_ms, now.value) })}
    </span>
  );
}
