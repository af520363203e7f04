// What the server shows, as far as the pages read it. Times are Unix milliseconds of the server.

export type Channel = "phone" | "email" | "chat" | "webhook";
export type ItemState = "queued" | "reserved" | "active" | "pending" | "wrapping" | "stuck" | "closed";
export type Presence = "available" | "not_ready" | "offline";

export interface Delivery {
  state: "queued" | "sending" | "sent" | "failed" | "unknown";
  attempt: number;
  code: string;
  message: string;
}

export interface Item {
  id: string;
  conversation: string;
  reference?: string;
  channel: Channel;
  state: ItemState;
  queue: string;
  agent: string;
  last_agent: string;
  requirement: Record<string, number>;
  language: string;
  category: string;
  customer: string;
  messages: number;
  opened_at_ms: number;
  /** The two clocks: since it came into the house, and since it came into this queue. */
  first_entered_at_ms: number;
  entered_at_ms: number;
  due_at_ms: number;
  escalations: number;
  /** The queue that it was escalated from last, and by whom. */
  returns_to: string;
  escalated_by: string;
  /** Past the time in which its queue is to resolve it. */
  overdue: boolean;
  /** The queue of the specialists that its category belongs to. */
  specialists: string;
  /** The item that this one is a question about, and who asks. */
  consults: string;
  asker: string;
  consultations: Consultation[];
  answers: number;
  wrap_until_at_ms: number | null;
  pending_until_at_ms: number | null;
  pending_reason: string;
  kept_until_at_ms?: number | null;
  /** Parked while its agent works on something that goes before it. */
  interrupted?: boolean;
  /** Its customer says nothing: it takes no room. */
  silent?: boolean;
  disposition: string;
  reopens: string;
  reopen_count: number;
  related?: string;
  /** The last word is ours: nobody waits for an answer. */
  replied?: boolean;
  /** Conversations that are read with this one. */
  parts: { split_from: string; splits: string[]; merged: string[] };
  questions: Question[];
  joined: string[];
  reservation: { id: string; made_at_ms: number; expires_at_ms: number } | null;
  seen: { agent?: number; customer?: number };
  customer_left: boolean;
  callback: Callback | null;
  deliveries: Record<string, Delivery>;
}

/** How a customer is to be called back, and how often that was tried; `reached`: they have answered. */
export interface Callback {
  attempts: number;
  windows: { start_at_ms: number; end_at_ms: number }[];
  reached: boolean;
}

export type Answer = "approve" | "refuse" | "advise" | "join" | "take_over";

/** What an agent asked the leader of their team; `answer` is empty while it waits. */
export interface Question {
  id: string;
  kind: "permission" | "help";
  agent: string;
  asked_at_ms: number;
  code: string;
  amount: number;
  to: string[];
  alarmed: boolean;
  answer: Answer | "withdrawn" | "";
  by: string;
}

/** A question to specialists about an item, as who asked sees it. */
export interface Consultation {
  id: string;
  queue: string;
  /** The colleague who was asked by name, if any. */
  only: string;
  agent: string;
  state: ItemState;
  /** Whether the item is handed over once somebody is there. */
  warm: boolean;
  opened_at_ms: number;
}

/** An item of others that I follow, or how it ended. */
export interface FollowedItem {
  item: string;
  reference: string;
  channel: Channel;
  queue: string;
  customer: string;
  state: ItemState;
  agent: string;
  disposition: string;
  first_entered_at_ms: number;
  entered_at_ms: number;
  closed_at_ms: number | null;
}

export interface AgentSummary {
  id: string;
  name: string;
  teams: string[];
  skills: Record<string, number>;
  language: string;
  disabled: boolean;
  revision: number;
  state: Presence;
  reason: string;
  /** The reason of "not ready after this item". */
  next?: string;
  since_at_ms: number;
  connected: boolean;
  activity: string;
  /** How many items are theirs, those on hold too. */
  holds: number;
  memberships: Record<string, { order: number; enabled: boolean }>;
  returned?: string[];
  /** The items of which a question waits for their answer. */
  asked: string[];
  /** The channels of which one more item has room. */
  room: Channel[];
  rooms: Partial<Record<Channel, { maximum: number; weight: number }>>;
  /** More is theirs than they have room for. */
  over_capacity?: boolean;
  temporary?: { skill?: string; queue?: string; level?: number; until_at_ms: number }[];
}

export interface View {
  agent: AgentSummary;
  items: Record<string, Item>;
  followed: FollowedItem[];
}

export interface Page<Row> {
  rows: Row[];
  next?: string;
}

/** A record of the centre that has names in several languages. */
export interface Named {
  id: string;
  names: Record<string, string>;
}
