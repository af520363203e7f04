// The item that is open: who it is about, what was said and done, the answer, and how it ends.
import { useEffect, useRef } from "preact/hooks";
import { moment } from "../shared/clock";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Badge, Button } from "../shared/ui";
import { Actions } from "./Actions";
import { ToCall } from "./CallBack";
import { agentName, queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { Closing } from "./Closing";
import { Composer } from "./Composer";
import { Advice, Consultations } from "./Consulting";
import { CustomerCard } from "./CustomerCard";
import { caller, open } from "./work";
import { When } from "./ItemList";
import { languageName } from "./Offers";
import { Parts } from "./Parts";
import { Questions } from "./Questions";
import { Story } from "./Story";
import { Timeline } from "./Timeline";

export function OpenItem({ item }: { item: Item }) {
  return (
    <article class="opened" aria-labelledby="item-title">
      <Head item={item} />
      <div class="exchange">
        <Story item={item} />
        {item.consults ? <Advice item={item} /> : <Composer item={item} />}
      </div>
      <aside class="side stack" aria-label={t("agent.about")}>
        <ToCall item={item} />
        {!item.consults && <Closing item={item} />}
        <Consultations item={item} />
        <Questions item={item} />
        <Parts item={item} />
        <CustomerCard item={item} />
        <Timeline item={item} />
      </aside>
    </article>
  );
}

function Head({ item }: { item: Item }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []); // chosen on purpose, so the focus may come along
  return (
    <header class="head stack tight">
      <div class="row between">
        <div class="row">
          <span class="narrow">
            <Button onClick={() => open("")}>← {t("agent.back")}</Button>
          </span>
          <h2 id="item-title" tabIndex={-1} ref={title}>
            {caller(item) || t("agent.unknown_customer")}
          </h2>
        </div>
        {item.reference && (
          <p class="reference">
            <span class="soft">{t("agent.reference")}</span> <strong>{item.reference}</strong>
          </p>
        )}
      </div>
      <div class="row between">
        <p class="soft">
          <ChannelMark channel={item.channel} /> · {queueName(item.queue)}
          {item.language && <> · {languageName(item.language)}</>} · <When item={item} />{" "}
          {item.reopens && <Badge>{t("agent.reopened")}</Badge>}{" "}
          {item.parts.split_from && <Badge>{t("agent.is_part")}</Badge>}{" "}
          {item.related && <Badge>{t(item.callback ? "agent.call_back_of" : "agent.related")}</Badge>}{" "}
          {item.consults && <Badge tone="warn">{t("agent.question_of", { who: agentName(item.asker) })}</Badge>}{" "}
          {item.overdue && <Badge tone="warn">{t("agent.overdue")}</Badge>}{" "}
          {item.customer_left && <Badge tone="warn">{t("agent.customer_left")}</Badge>}
        </p>
        <Actions item={item} />
      </div>
      <Clocks item={item} />
      {item.specialists && !item.consults && (
        <p class="note">{t("agent.for_specialists", { queue: queueName(item.specialists) })}</p>
      )}
    </header>
  );
}

/** Both clocks, once they differ: since the first contact, and since it came to this queue. */
function Clocks({ item: { first_entered_at_ms: first, entered_at_ms: here } }: { item: Item }) {
  if (first === here) return null;
  return (
    <p class="soft">
      {t("agent.first_contact", { at: moment(first) })} · {t("agent.here_since", { at: moment(here) })}
    </p>
  );
}
