// Where the leader is, kept in the address: links, reload, back and forward work as on any page.
import { signal } from "@preact/signals";

export const TABS = ["queues", "agents", "today", "audit"] as const;
export type Tab = (typeof TABS)[number];

export interface Place {
  tab: Tab;
  /** What of it is open: a queue, an agent, or how the day is told apart. */
  id: string;
}

export const place = signal(read());
addEventListener("hashchange", () => (place.value = read()));

export function href(tab: Tab, id = ""): string {
  return id ? `#${tab}/${encodeURIComponent(id)}` : `#${tab}`;
}

function read(): Place {
  const [tab = "", ...rest] = location.hash.slice(1).split("/");
  return { tab: TABS.find((one) => one === tab) ?? "queues", id: decodeURIComponent(rest.join("/")) };
}
