// Where the leader is, kept in the address: links, reload, back and forward work as on any page.
import { computed, signal } from "@preact/signals";
import { now } from "../shared/clock";

export const TABS = ["queues", "agents", "skills", "today", "audit"] as const;
export type Tab = (typeof TABS)[number];

export interface Place {
  tab: Tab;
  /** What of it is open: a queue, an agent, or how the day is told apart. */
  id: string;
  /** The instant that is shown, ISO 8601; "" for now. */
  at: string;
}

/** The parts that can be shown as they were. */
const OF_THE_PAST: readonly Tab[] = ["queues", "agents"];

export const place = signal(read());
addEventListener("hashchange", () => (place.value = read()));

/** The instant that is shown (Unix ms): what lasts is measured up to it. */
export const shown = computed(() => (place.value.at ? Date.parse(place.value.at) : now.value));

/** Whether this part can be shown as it was. */
export function hasPast(tab: Tab): boolean {
  return OF_THE_PAST.includes(tab);
}

/** The address of a part, at the instant that is shown unless another one is named. */
export function href(tab: Tab, id = "", at = place.value.at): string {
  const then = at && hasPast(tab) ? `?at=${at}` : "";
  return id ? `#${tab}/${encodeURIComponent(id)}${then}` : `#${tab}${then}`;
}

/** What the server is asked with about the instant that is shown. */
export function when(): string {
  return place.value.at && `?at=${encodeURIComponent(place.value.at)}`;
}

function read(): Place {
  const [path = "", query = ""] = location.hash.slice(1).split("?");
  const [name = "", ...rest] = path.split("/");
  const tab = TABS.find((one) => one === name) ?? "queues";
  const at = new URLSearchParams(query).get("at") ?? "";
  return { tab, id: decodeURIComponent(rest.join("/")), at: hasPast(tab) && Date.parse(at) ? at : "" };
}
