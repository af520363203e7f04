// Where work goes that a leader moves: back to where it came from, to a queue, or to a person.
import { type Signal, useSignal } from "@preact/signals";
import type { Choice } from "../shared/choice";
import { t } from "../shared/i18n";
import { Select } from "../shared/ui";
import { personChoices, queueChoices } from "./centre";

export interface Destination {
  kind: "back" | "queue" | "person";
  queue: string;
  person: string;
}

export function useDestination(): Signal<Destination> {
  return useSignal<Destination>({ kind: "back", queue: "", person: "" });
}

/** `but`: nobody hands work over to the one who has it. */
export function DestinationChoice({ to, but = "" }: { to: Signal<Destination>; but?: string }) {
  const { kind, queue, person } = to.value;
  const set = (change: Partial<Destination>) => (to.value = { ...to.value, ...change });
  const kinds: Choice[] = [
    ["back", t("supervisor.move_back")],
    ["queue", t("supervisor.move_queue")],
    ["person", t("supervisor.move_person")],
  ];
  return (
    <>
      <Select
        label={t("supervisor.move_to")}
        value={kind}
        onChange={(value) => set({ kind: value as Destination["kind"] })}
        options={kinds}
      />
      {kind === "queue" && (
        <Select
          label={t("supervisor.queue")}
          value={queue}
          onChange={(value) => set({ queue: value })}
          options={queueChoices()}
          empty={t("supervisor.choose")}
          required
        />
      )}
      {kind === "person" && (
        <Select
          label={t("supervisor.person")}
          value={person}
          onChange={(value) => set({ person: value })}
          options={personChoices().filter(([id]) => id !== but)}
          empty={t("supervisor.choose")}
          required
        />
      )}
    </>
  );
}
