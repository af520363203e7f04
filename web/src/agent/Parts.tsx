// The conversations that are read with this one: the mail that it is one matter of, its own matters, what was merged.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import type { Item } from "../shared/types";
import { Button, complain, notify } from "../shared/ui";
import { agentName } from "./centre";
import { act, type Step } from "./work";

export const MAIL_STEPS = ["ItemSplit", "ConversationMerged", "ConversationUnmerged"];

interface Conversation {
  id: string;
  reference: string;
  item: string;
  items: string[];
}

const ROLES = ["split_from", "splits", "merged"] as const;

export function Parts({ item }: { item: Item }) {
  const found = useSignal<Record<string, Conversation>>({});
  const { split_from, splits, merged } = item.parts;
  const groups = { split_from: split_from ? [split_from] : [], splits, merged };
  const ids = [...groups.split_from, ...splits, ...merged];
  useEffect(() => {
    Promise.all(ids.map((id) => api<Conversation>("GET", `/conversations/${id}`)))
      .then((all) => (found.value = Object.fromEntries(all.map((one) => [one.id, one]))))
      .catch(complain);
  }, [ids.join()]);
  if (!ids.length) return null;
  return (
    <section class="card stack" aria-labelledby="parts-title">
      <h3 id="parts-title">{t("agent.parts")}</h3>
      <ul class="stack tight">
        {ROLES.flatMap((role) =>
          groups[role].map((id) => (
            <li key={id} class="row between">
              <span>
                {t(`agent.part_${role}`)} <strong>{found.value[id]?.reference}</strong>
              </span>
              {role === "merged" && found.value[id] && <Undo of={found.value[id]} />}
            </li>
          )),
        )}
      </ul>
    </section>
  );
}

function Undo({ of: { item, items, reference } }: { of: Conversation }) {
  const undo = async () => {
    if (await act("unmerge", item || items.at(-1) || "")) notify(t("agent.unmerged", { reference }));
  };
  return (
    <Button label={t("agent.unmerge_of", { reference })} onClick={() => void undo()}>
      {t("agent.unmerge")}
    </Button>
  );
}

/** What a step of mail work is called in the story; "" for any other step. */
export function mailTitle({ type, agent = "", parts = [] }: Step): string {
  if (type === "ItemSplit") return t("agent.was_split", { agent: agentName(agent), count: parts.length });
  if (type === "ConversationMerged") return t("agent.was_merged", { agent: agentName(agent) });
  return type === "ConversationUnmerged" ? t("agent.was_unmerged", { agent: agentName(agent) }) : "";
}
