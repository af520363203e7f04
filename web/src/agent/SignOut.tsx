// Going home: what is still mine, and what becomes of each.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import type { Choice } from "../shared/choice";
import { t } from "../shared/i18n";
import { leave } from "../shared/session";
import { hangUp, say, view } from "../shared/socket";
import type { Item } from "../shared/types";
import { attempt, Button, Dialog, Select } from "../shared/ui";
import { useColleagues } from "./Actions";
import { queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { caller, inHand, onHold } from "./work";

export function SignOut({ onClose }: { onClose: () => void }) {
  const chosen = useSignal<Record<string, string>>({});
  const people = useColleagues();
  const mine = [...inHand.value, ...onHold.value];
  const open = mine.filter((item) => !chosen.value[item.id] && !endsByItself(item));
  const go = () => void attempt(() => signOut(chosen.value));
  return (
    <Dialog title={t("sign_out")} onClose={onClose}>
      <div class="stack">
        <p>{t(mine.length ? "agent.still_mine" : "agent.nothing_mine")}</p>
        <ul class="stack">
          {mine.map((item) => (
            <li key={item.id} class="stack tight">
              <span>
                <ChannelMark channel={item.channel} /> {caller(item)} <span class="soft">{queueName(item.queue)}</span>
              </span>
              <Select
                hidden
                label={t("agent.what_becomes", { who: caller(item) || item.id })}
                value={chosen.value[item.id] ?? ""}
                empty={t(endsByItself(item) ? "agent.wraps_by_itself" : "agent.choose_one")}
                options={[...fates(item), ...people.map(([id, name]) => [id, t("agent.hand_to", { name })] as const)]}
                onChange={(value) => (chosen.value = { ...chosen.value, [item.id]: value })}
              />
            </li>
          ))}
        </ul>
        <div class="row end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" disabled={open.length > 0} onClick={go}>
            {t("sign_out")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** Wrap-up has an end, unless the queue still waits for a word of mine. */
function endsByItself({ state, wrap_until_at_ms }: Item): boolean {
  return state === "wrapping" && wrap_until_at_ms !== null;
}

/** A customer who chats cannot wait until I am back. */
function fates({ channel, state }: Item): Choice[] {
  const back: Choice = ["return", t("agent.give_back")];
  return channel === "chat" && state === "active" ? [back] : [["keep", t("agent.keep")], back];
}

async function signOut(chosen: Record<string, string>): Promise<void> {
  const items = Object.fromEntries(Object.entries(chosen).filter(([id, fate]) => fate && view.value?.items[id]));
  await say("sign_out", { items });
  hangUp();
  await api("POST", "/logout").catch(() => undefined); // the token's end is on its way anyway
  leave();
}
