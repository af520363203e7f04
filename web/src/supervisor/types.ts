// What the server shows a leader, beside what all pages read.
import type { AgentSummary, Item, Named } from "../shared/types";

export interface Queue extends Named {
  line: number;
  team: string;
  waiting: number;
  oldest_entered_at_ms: number | null;
  first_due_at_ms: number | null;
  demands: ("category" | "outcome")[];
  open: boolean;
  /** Closed by hand, whatever its hours say. */
  closed: { since_at_ms: number; message: Record<string, string>; overflow: string } | null;
  revision: number;
}

export interface WorkItem extends Item {
  /** The one agent that it waits for. */
  only: string;
  first_entered_at_ms: number;
}

export interface Membership {
  order: number;
  enabled: boolean;
}

/** What an agent has for a time only: level 0 and no membership mean that it is taken away until then. */
export interface Lent {
  skill?: string;
  level?: number;
  queue?: string;
  membership?: Membership | null;
  until_at_ms: number;
}

export interface Agent extends Omit<AgentSummary, "temporary" | "activity"> {
  activity: "idle" | "reserved" | "handling" | "wrapping";
  temporary: Lent[];
}

/** As much of an item as shows in a list of what somebody holds. */
export type Held = Pick<WorkItem, "id" | "reference" | "channel" | "queue" | "state" | "first_entered_at_ms">;

/** An agent on the board, with what they hold. */
export interface AgentThen extends Agent {
  items: Held[];
}

/** The board, now or as it was. */
export interface Board {
  position: number;
  at_ms: number;
  queues: QueueRow[];
  agents: AgentThen[];
}

export interface QueueRow extends Queue {
  late: number;
  stuck: number;
}

/** One queue of the board, with what waited there. */
export interface QueueThen {
  queue: QueueRow;
  items: WorkItem[];
}

/** One agent, with what is theirs for good and by themselves. */
export interface AgentRecord extends Agent {
  record: { skills: Record<string, number>; memberships: Record<string, Membership>; teams: string[] };
}

export interface AccountRow {
  login: string;
  agent: string;
  disabled: boolean;
  must_change: boolean;
}

/** A password that the server says this once. */
export interface FirstPassword {
  login: string;
  password: string;
}

export interface Explanation {
  state: string;
  agent: string;
  agents: { agent: string; reason: string }[];
}

export interface Figures {
  offered: number;
  answered: number;
  abandoned: number;
  waiting: number;
  service_level: number | null;
  wait_mean_ms: number | null;
  wait_p90_ms: number | null;
  handled: number;
  handle_mean_ms: number | null;
  escalated: number;
}

export type Dimension = "quarter" | "queue" | "channel" | "agent";

export interface DayReport {
  date: string;
  zone: string;
  by: Dimension[];
  from_ms: number;
  to_ms: number;
  as_of_ms: number;
  rows: (Figures & { quarter?: number; queue?: string; channel?: string; agent?: string })[];
  total: Figures;
}

export interface AuditRow {
  at_ms: number;
  by: string;
  command: string;
  kind: string;
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
