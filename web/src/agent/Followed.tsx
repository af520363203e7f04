// What I escalated and others have now: how it stands, until I have read how it ended.
import { moment } from "../shared/clock";
import { t } from "../shared/i18n";
import { view } from "../shared/socket";
import type { FollowedItem } from "../shared/types";
import { Badge, Button } from "../shared/ui";
import { agentName, codeName, queueName } from "./centre";
import { ChannelMark } from "./ChannelMark";
import { act, customerOf } from "./work";

export function Followed() {
  const { followed, items } = view.value!;
  const rows = followed.filter(({ item }) => !items[item]);
  if (!rows.length) return null;
  return (
    <section class="stack tight followed" aria-labelledby="followed-title">
      <h2 id="followed-title">
        {t("agent.followed")} <span class="soft">{rows.length}</span>
      </h2>
      <ul class="stack tight">
        {rows.map((row) => (
          <li key={row.item} class="item stack tight">
            <Lines row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lines({ row }: { row: FollowedItem }) {
  const { item, state, channel, queue, agent, disposition, first_entered_at_ms } = row;
  const over = state === "closed";
  const how = disposition ? codeName("disposition", disposition) : t("state.closed");
  return (
    <>
      <span class="row between">
        <strong>{customerOf(row)}</strong>
        <Badge tone={over ? "good" : "calm"}>{over ? how : t(`state.${state}`)}</Badge>
      </span>
      <span class="soft">
        <ChannelMark channel={channel} /> · {queueName(queue)}
        {agent && <> · {agentName(agent)}</>}
      </span>
      <span class="row between soft">
        <span>{t("agent.first_contact", { at: moment(first_entered_at_ms) })}</span>
        <Button kind="quiet" onClick={() => void act("unfollow", item)}>
          {t(over ? "agent.understood" : "agent.unfollow")}
        </Button>
      </span>
    </>
  );
}
