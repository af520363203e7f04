// For how long a change counts: for good, or until an instant after which what was comes back by itself.
import { type Signal, useSignal } from "@preact/signals";
import type { Choice } from "../shared/choice";
import { serverNow } from "../shared/clock";
import { t } from "../shared/i18n";
import { Field, Select } from "../shared/ui";

const HOUR_MS = 3_600_000;

export interface Until {
  kind: "good" | "hour" | "today" | "date";
  /** What a datetime-local field holds: the reader's own time. */
  date: string;
}

export function useUntil(): Signal<Until> {
  return useSignal<Until>({ kind: "good", date: "" });
}

/** The instant as the server wants to hear it; undefined for good. */
export function instantOf({ kind, date }: Until): number | undefined {
  if (kind === "hour") return serverNow() + HOUR_MS;
  if (kind === "today") return new Date(serverNow()).setHours(24, 0, 0, 0);
  return kind === "date" ? new Date(date).getTime() : undefined;
}

export function UntilChoice({ until }: { until: Signal<Until> }) {
  const { kind, date } = until.value;
  const kinds: Choice[] = [
    ["good", t("supervisor.for_good")],
    ["hour", t("supervisor.for_hour")],
    ["today", t("supervisor.for_today")],
    ["date", t("supervisor.until_date")],
  ];
  return (
    <>
      <Select
        label={t("supervisor.how_long")}
        value={kind}
        onChange={(value) => (until.value = { ...until.value, kind: value as Until["kind"] })}
        options={kinds}
      />
      {kind === "date" && (
        <Field
          label={t("supervisor.until")}
          type="datetime-local"
          value={date}
          onInput={(value) => (until.value = { ...until.value, date: value })}
          required
        />
      )}
    </>
  );
}
