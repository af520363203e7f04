// How an agent stands, the same wherever one is named.
import { t } from "../shared/i18n";
import { Badge, Timer, type Tone } from "../shared/ui";
import { reasonName } from "./centre";
import { shown } from "./place";
import type { Agent } from "./types";

const TONES: Record<Agent["state"], Tone> = { available: "good", not_ready: "warn", offline: "calm" };

/** What somebody says of themselves, why, and since when. */
export function AgentState({ agent }: { agent: Agent }) {
  const { state, reason, next, since_at_ms } = agent;
  if (agent.disabled) return <Badge>{t("supervisor.disabled")}</Badge>;
  return (
    <span class="row tight">
      <Badge tone={TONES[state]}>
        {t(`presence.${state}`)}
        {reason && ` · ${reasonName(reason)}`}
      </Badge>
      {since_at_ms > 0 && <Timer since={since_at_ms} at={shown.value} />}
      {next && <small>{t("supervisor.then", { reason: reasonName(next) })}</small>}
    </span>
  );
}
