// The server's time on this screen. Deadlines are the server's; a machine's clock that is wrong must not move them.
import { signal } from "@preact/signals";
import { language } from "./i18n";

const TOLERATED_MS = 2_000; // a Date header says whole seconds: below this, two clocks count as equal

let ahead = 0;

/** Take the time from an answer of the server. */
export function heard(date: string | null): void {
  const server = date ? Date.parse(date) : NaN;
  if (Number.isNaN(server)) return;
  const apart = server + 500 - Date.now();
  ahead = Math.abs(apart) > TOLERATED_MS ? apart : 0;
}

export function serverNow(): number {
  return Date.now() + ahead;
}

/** The server's time, once a second: read it in a component that shows a duration. */
export const now = signal(serverNow());
setInterval(() => (now.value = serverNow()), 1_000);
document.addEventListener("visibilitychange", () => (now.value = serverNow()));

/** 0:42, 12:05, 1:02:07: what is left or has passed, in the figures of a clock. */
export function figures(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** "in 3 hours", "2 minutes ago", in the reader's language. */
export function relative(at: number, from: number): string {
  const seconds = (at - from) / 1_000;
  const style = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  const size = Math.abs(seconds);
  if (size < 60) return style.format(Math.trunc(seconds), "second");
  if (size < 5_400) return style.format(Math.round(seconds / 60), "minute");
  if (size < 129_600) return style.format(Math.round(seconds / 3_600), "hour");
  return style.format(Math.round(seconds / 86_400), "day");
}

/** Date and time of day; only the time for today. */
export function moment(at: number): string {
  const today = new Date(serverNow()).toDateString() === new Date(at).toDateString();
  const day = today ? {} : ({ day: "numeric", month: "short" } as const);
  return new Intl.DateTimeFormat(language.value, {
    ...day,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at);
}
