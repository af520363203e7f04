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
  estimate?: Estimate;
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
export type Held = Pick<
  WorkItem,
  "id" | "reference" | "channel" | "queue" | "state" | "first_entered_at_ms" | "interrupted" | "silent"
>;

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

/** Where an item stands, and how long it will still wait; null where nothing is known. */
export interface Estimate {
  position: number;
  ahead: number;
  agents: number;
  low_ms: number | null;
  expected_ms: number | null;
  high_ms: number | null;
  confidence: number;
  method: string | null;
  reason: string;
}

/** Why one agent does not have an item, and when that may end. */
export interface Verdict {
  agent: string;
  reason: string;
  detail?: string;
  until_at_ms?: number;
}

/** What a step of a queue's plan changes. */
export interface PlanStep {
  drop?: string[];
  lower?: Record<string, number>;
  members?: number;
  teams?: string[];
  queues?: string[];
  priority?: number;
  overflow?: string;
  callback?: boolean;
  alert?: string;
}

export interface StepTaken {
  kind: "entered" | "last_agent" | "delay" | "plan";
  at_ms: number;
  taken: boolean;
  step?: PlanStep;
}

export interface Ending {
  reason: string;
  agents?: number;
  subject?: string;
  at_ms?: number;
}

export interface Explanation {
  state: string;
  agent: string;
  estimate: Estimate | null;
  steps: StepTaken[];
  endings: Ending[];
  agents: Verdict[];
}

export interface MatrixRow {
  id: string;
  name: string;
  teams: string[];
  skills: Record<string, number>;
  temporary: { skill: string; level: number; until_at_ms: number }[];
}

/** Who can do what, and how well. */
export interface SkillMatrix {
  skills: (Named & { kind: string })[];
  agents: MatrixRow[];
  next: string;
}

/** What a change would do, without doing it. */
export interface Preview {
  queues: Record<string, Record<"waiting" | "gained" | "lost" | "possible" | "impossible", number>>;
  items_total: number;
  offers: { item: string; queue: string; agent: string }[];
  offers_total: number;
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
