// Ready; not ready, with a reason; or not ready once the work in hand is done.
import { useSignal } from "@preact/signals";
import { known, t } from "../shared/i18n";
import { Menu } from "../shared/Menu";
import { say } from "../shared/socket";
import type { AgentSummary } from "../shared/types";
import { attempt, Badge, Button, Timer, type Tone } from "../shared/ui";
import { codeChoices, codeName } from "./centre";
import { inHand } from "./work";

const TONES: Record<AgentSummary["state"], Tone> = { available: "good", not_ready: "warn", offline: "calm" };

export function setReady(): Promise<boolean> {
  return attempt(() => say("presence", { state: "available" }));
}

export function PresenceChoice({ agent }: { agent: AgentSummary }) {
  const { state, reason, next } = agent;
  return (
    <div class="row" role="group" aria-label={t("agent.presence")}>
      <Button pressed={state === "available" && !next} onClick={() => void setReady()}>
        {t("presence.available")}
      </Button>
      <Menu text={t("presence.not_ready")} pressed={state === "not_ready" || !!next}>
        {(close) => <Reasons close={close} />}
      </Menu>
      <Badge tone={TONES[state]}>
        {t(`presence.${state}`)}
        {reason && state === "not_ready" ? ` · ${reasonName(reason)}` : ""} <Timer since={agent.since_at_ms} />
      </Badge>
      {next && <Badge tone="warn">{t("agent.after_this", { reason: codeName("not_ready", next) })}</Badge>}
    </div>
  );
}

function Reasons({ close }: { close: () => void }) {
  const busy = inHand.value.length > 0;
  const after = useSignal(busy);
  const choose = async (reason: string) => {
    close();
    await attempt(() => say("presence", { state: "not_ready", reason, after: after.value }));
  };
  return (
    <>
      {busy && (
        <label class="check">
          <input
            type="checkbox"
            checked={after.value}
            onChange={(event) => (after.value = event.currentTarget.checked)}
          />
          {t("agent.after_work")}
        </label>
      )}
      <ul class="stack tight">
        {codeChoices("not_ready").map(([reason, text]) => (
          <li key={reason}>
            <Button onClick={() => void choose(reason)}>{text}</Button>
          </li>
        ))}
      </ul>
    </>
  );
}

function reasonName(reason: string): string {
  return known(`reason.${reason}`) ?? codeName("not_ready", reason);
}
