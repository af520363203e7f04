// The whole page: the bar on top, what is offered, what is mine, and the item that is open.
import { useEffect } from "preact/hooks";
import { figures, now } from "../shared/clock";
import { language, t } from "../shared/i18n";
import { leads } from "../shared/session";
import { lostSince, view } from "../shared/socket";
import type { Channel } from "../shared/types";
import { Button, Empty, LanguageChoice, Timer } from "../shared/ui";
import { useSignal } from "@preact/signals";
import { AskedOfMe } from "./AskedOfMe";
import { current, inHand, offers, onHold, open } from "./work";
import { Followed } from "./Followed";
import { ItemList } from "./ItemList";
import { Offers, toFirstOffer } from "./Offers";
import { OpenItem } from "./OpenItem";
import { PresenceChoice, setReady } from "./PresenceChoice";
import { Returned } from "./Returned";
import { SignOut } from "./SignOut";

export function Desk() {
  useEffect(() => {
    addEventListener("keydown", toFirstOffer);
    return () => removeEventListener("keydown", toFirstOffer);
  }, []);
  return (
    <>
      <Bar />
      <Connection />
      {view.value ? <Work /> : <p class="empty">{t("loading")}</p>}
    </>
  );
}

function Bar() {
  const leaving = useSignal(false);
  return (
    <header class="bar">
      <h1>{view.value?.agent.name || t("agent.title")}</h1>
      {view.value && <PresenceChoice agent={view.value.agent} />}
      <span class="space" />
      {leads() && <a href="/supervisor">{t("page.supervisor")}</a>}
      <LanguageChoice />
      <Button onClick={() => (leaving.value = true)}>{t("sign_out")}</Button>
      {leaving.value && <SignOut onClose={() => (leaving.value = false)} />}
    </header>
  );
}

/** Only says something while the connection is lost; what is on the screen then is old. */
function Connection() {
  const since = lostSince.value;
  return (
    <div role="status" class={since ? "banner" : "unseen"}>
      {since ? (
        <>
          {t("agent.lost")} <span aria-hidden="true">({figures(now.value - since)})</span>
        </>
      ) : null}
    </div>
  );
}

function Work() {
  const item = current.value;
  const { followed } = view.value!;
  const busy = inHand.value.length + onHold.value.length + followed.length > 0;
  return (
    <>
      <Offers />
      <AskedOfMe />
      <Missed />
      <Full />
      <div class={`desk ${item ? "with-item" : ""} ${busy ? "" : "free"}`}>
        <nav class="mine" aria-label={t("agent.mine")}>
          <Returned />
          <ItemList title={t("agent.in_hand")} items={inHand.value} />
          <ItemList title={t("agent.on_hold")} items={onHold.value} />
          <Followed />
        </nav>
        <main class="open">{item ? <OpenItem key={item.id} item={item} /> : <NothingOpen />}</main>
      </div>
    </>
  );
}

/** Somebody who is ready and has no room for a channel is told so: nothing of it comes until something is done. */
function Full() {
  const { state, room, rooms, over_capacity } = view.value!.agent;
  if (over_capacity) {
    return (
      <p class="full soft" role="status">
        {t("agent.over_capacity")}
      </p>
    );
  }
  const full = (Object.keys(rooms) as Channel[]).filter((channel) => rooms[channel]!.maximum && !room.includes(channel));
  if (state !== "available" || !full.length || !inHand.value.length || offers.value.length) return null;
  const channels = new Intl.ListFormat(language.value).format(full.map((channel) => t(`channel.${channel}`)));
  return (
    <p class="full soft" role="status">
      {t("agent.full", { channels })}
    </p>
  );
}

/** Who did not answer gets nothing more until they say that they are back. */
function Missed() {
  const { state, reason } = view.value!.agent;
  if (state !== "not_ready" || reason !== "no_answer") return null;
  return (
    <div class="banner" role="status">
      {t("agent.missed")} <Button onClick={() => void setReady()}>{t("agent.get_ready")}</Button>
    </div>
  );
}

/** What to do next, said to somebody who sees this page for the first time. */
function NothingOpen() {
  const { agent } = view.value!;
  if (inHand.value.length || onHold.value.length) {
    const first = inHand.value[0] ?? onHold.value[0]!;
    return (
      <Empty title={t("agent.choose")}>
        <Button onClick={() => open(first.id)}>{t("agent.choose_first")}</Button>
      </Empty>
    );
  }
  if (offers.value.length) return <Empty title={t("agent.offered_hint")} />;
  if (agent.state === "available") {
    return (
      <Empty title={t("agent.ready_title")}>
        <p>{t("agent.ready_hint")}</p>
        <p>
          {t("agent.ready_since")} <Timer since={agent.since_at_ms} />
        </p>
      </Empty>
    );
  }
  return (
    <Empty title={t("agent.idle_title")}>
      <ol class="steps">
        <li>{t("agent.step_ready")}</li>
        <li>{t("agent.step_accept")}</li>
        <li>{t("agent.step_answer")}</li>
        <li>{t("agent.step_close")}</li>
      </ol>
      <p>
        <Button kind="main" onClick={() => void setReady()}>
          {t("agent.get_ready")}
        </Button>
      </p>
    </Empty>
  );
}
