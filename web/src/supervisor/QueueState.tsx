// How a queue stands, and how urgent what waits in it is: the same in every list.
import { relative } from "../shared/clock";
import { t } from "../shared/i18n";
import { Badge } from "../shared/ui";
import { shown } from "./place";
import type { Queue } from "./types";

/** Open, closed by hand, or closed by its hours. */
export function OpenState({ queue: { open, closed } }: { queue: Queue }) {
  if (closed) return <Badge tone="bad">{t("supervisor.closed_by_hand")}</Badge>;
  return open ? <Badge tone="good">{t("supervisor.is_open")}</Badge> : <Badge tone="warn">{t("supervisor.hours_closed")}</Badge>;
}

/** When something should be answered; in words and colour once that has passed. */
export function Due({ at }: { at: number }) {
  const when = relative(at, shown.value);
  return at < shown.value ? <Badge tone="bad">{t("supervisor.late", { when })}</Badge> : <>{when}</>;
}
