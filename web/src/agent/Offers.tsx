// What is held for me: said at once and aloud, but the focus stays where the person types. F2 jumps to it.
import { useEffect, useId } from "preact/hooks";
import { moment, now } from "../shared/clock";
import { t } from "../shared/i18n";
import { Menu } from "../shared/Menu";
import type { Item } from "../shared/types";
import { announce, Button, Timer } from "../shared/ui";
import { toCall } from "./CallBack";
import { codeChoices, queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { accept, act, caller, offers } from "./work";

export const JUMP = "F2"; // no letter, no AltGr: it means the same on every keyboard, and types nothing

export function toFirstOffer(event: KeyboardEvent): void {
  const button = document.querySelector<HTMLElement>(".offer button");
  if (event.key !== JUMP || !button) return;
  event.preventDefault();
  button.focus();
}

export function Offers() {
  useEffect(() => {
    document.title = offers.value.length ? `● ${t("agent.offered_hint")}` : `${t("agent.title")} · Firstline`;
  }, [offers.value.length]);
  return (
    <div class="offers">
      {offers.value.map((item, index) => (
        <Offer key={item.reservation?.id} item={item} first={index === 0} />
      ))}
    </div>
  );
}

function Offer({ item, first }: { item: Item; first: boolean }) {
  const id = useId();
  const { made_at_ms, expires_at_ms } = item.reservation!;
  const left = Math.max(0, expires_at_ms - now.value);
  useEffect(() => {
    announce(t("agent.announce", { channel: t(`channel.${item.channel}`), queue: queueName(item.queue), key: JUMP }));
  }, []);
  return (
    <section class="offer" role="alertdialog" aria-labelledby={`${id}-title`} aria-describedby={`${id}-about`}>
      <div class="grow">
        <h2 id={`${id}-title`}>
          <ChannelMark channel={item.channel} /> · {caller(item) || t("agent.unknown_customer")}
        </h2>
        <p id={`${id}-about`}>
          {queueName(item.queue)}
          {item.language && <> · {languageName(item.language)}</>} ·{" "}
          {t("agent.waiting_since", { at: moment(item.entered_at_ms) })}
          {toCall(item) && <> · {t("agent.to_call")}</>}
          {item.escalations > 0 && <> · {t("agent.escalated")}</>}
        </p>
      </div>
      <p class="countdown">
        <Timer until={expires_at_ms} />
        <meter min={0} max={expires_at_ms - made_at_ms} value={left} aria-label={t("agent.time_left")} />
      </p>
      <div class="row">
        <Button kind="main" shortcut={first ? JUMP : undefined} onClick={() => void accept(item)}>
          {t("agent.accept")} {first && <kbd>{JUMP}</kbd>}
        </Button>
        <Menu text={t("agent.decline")}>{(close) => <Declines item={item} close={close} />}</Menu>
      </div>
    </section>
  );
}

function Declines({ item, close }: { item: Item; close: () => void }) {
  const decline = (reason: string) => {
    close();
    void act("decline", item.id, { reservation: item.reservation?.id ?? "", reason });
  };
  return (
    <ul class="stack tight">
      {[...codeChoices("decline"), ["", t("agent.no_reason")] as const].map(([reason, text]) => (
        <li key={reason}>
          <Button onClick={() => decline(reason)}>{text}</Button>
        </li>
      ))}
    </ul>
  );
}

export function languageName(language: string): string {
  return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(language) ?? language;
}
