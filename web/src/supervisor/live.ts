// What is shown is asked for anew every few seconds, as long as somebody can see it. Forms keep what is typed in
// them: they are not made from what is asked for.
import { computed, signal, useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { Problem } from "../shared/api";
import { serverNow } from "../shared/clock";
import { told } from "../shared/errors";
import { leave } from "../shared/session";

export const AGAIN_MS = 3_000; // a leader sees a change while they still think of it; four small answers each time

/** The leader wants to read in peace: nothing moves until they say so. */
export const frozen = signal(false);
const parts = signal<Record<string, Part>>({});
const shown = new Map<string, () => Promise<void>>();

interface Part {
  heard: number;
  failed: boolean;
}

/** The instant that all that is shown is at least as young as; 0 while nothing is. */
export const asOf = computed(() => {
  const heard = Object.values(parts.value).map((part) => part.heard);
  return heard.length ? Math.min(...heard) : 0;
});
/** Whether something could not be asked for anew. */
export const stale = computed(() => Object.values(parts.value).some(({ failed }) => failed));

export interface Live<T> {
  value: T | undefined;
  refusal: string;
}

/** Keep what `load` gives young: asked for again after each `every` ms (0: never); `inputs` are what it depends on. */
export function useLive<T>(load: () => Promise<T>, inputs: unknown[], every = AGAIN_MS): Live<T> {
  const id = useId();
  const [value, refusal] = [useSignal<T | undefined>(undefined), useSignal("")];
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    let [timer, turn] = [0, 0];
    const refresh = async () => {
      const mine = ++turn;
      const [found, error] = await settled(latest.current());
      if (mine !== turn) return;
      if (error === undefined) value.value = found;
      refusal.value = error === undefined ? "" : refused(error);
      const heard = error === undefined ? serverNow() : (parts.value[id]?.heard ?? serverNow());
      parts.value = { ...parts.value, [id]: { heard, failed: unanswered(error) } };
    };
    const tick = async () => {
      clearTimeout(timer);
      if (!document.hidden && !frozen.value) await refresh();
      later();
    };
    const later = () => {
      clearTimeout(timer);
      if (every && shown.get(id) === refresh) timer = window.setTimeout(tick, every);
    };
    shown.set(id, refresh);
    void refresh().then(later);
    const stop = new AbortController();
    for (const sign of ["online", "offline", "visibilitychange"]) addEventListener(sign, tick, { signal: stop.signal });
    return () => {
      turn = -1;
      clearTimeout(timer);
      stop.abort();
      shown.delete(id);
      const { [id]: _, ...rest } = parts.value;
      parts.value = rest;
      value.value = undefined;
    };
  }, inputs);
  return { value: value.value, refusal: refusal.value };
}

/** Show at once what an act has changed. */
export async function refreshAll(): Promise<void> {
  await Promise.all([...shown.values()].map((refresh) => refresh()));
}

/** Let what is shown move again, or stand still. */
export function freeze(still: boolean): void {
  frozen.value = still;
  if (!still) void refreshAll();
}

async function settled<T>(work: Promise<T>): Promise<[T | undefined, unknown]> {
  return work.then(
    (found) => [found, undefined],
    (error) => [undefined, error],
  );
}

function refused(error: unknown): string {
  if (error instanceof Problem && error.status === 401) leave("session_ended");
  return told(error);
}

function unanswered(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status >= 500);
}
