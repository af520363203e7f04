// Who is signed in here. The token lives in this tab only (sessionStorage) and is refreshed well before its end.
import { signal } from "@preact/signals";
import { api, authorize, Problem } from "./api";
import { serverNow } from "./clock";

export interface Grant {
  role: "agent" | "supervisor" | "admin";
  teams: string[];
}

export interface Account {
  login: string;
  agent: string;
  grants: Grant[];
}

export interface Session {
  access_token: string;
  expires_at_ms: number;
  account: Account;
  /** The password is a first one: nothing else works before it is changed. */
  must_change?: boolean;
}

const STORED = "firstline.session";
const WHY = "firstline.signed-out";
const EARLY_MS = 300_000; // refreshed 5 min before the end: many tries fit in
const AGAIN_MS = 20_000;

export const session = signal<Session | null>(stored());
let timer: ReturnType<typeof setTimeout> | undefined;
authorize(token());

export function token(): string {
  return session.value?.access_token ?? "";
}

export function leads(): boolean {
  return !!session.value?.account.grants.some(({ role }) => role !== "agent");
}

export async function signIn(login: string, password: string): Promise<Session> {
  return keep(await api<Session>("POST", "/login", { body: { login, password } }));
}

export async function changePassword(old: string, password: string): Promise<Session> {
  return keep(await api<Session>("POST", "/password", { body: { old, password } }));
}

/** End the session on this device and show the sign-in page; `why` is the code of a reason worth saying there. */
export function leave(why = ""): void {
  clearTimeout(timer);
  sessionStorage.clear();
  if (why) sessionStorage.setItem(WHY, why);
  authorize("");
  session.value = null;
  location.assign("/");
}

/** Why the last session ended, told once. */
export function whyLeft(): string {
  const why = sessionStorage.getItem(WHY) ?? "";
  sessionStorage.removeItem(WHY);
  return why;
}

/** The page that somebody works on. */
export function home({ account }: Session): string {
  return account.agent ? "/agent" : "/supervisor";
}

/** For pages behind the sign-in: whether somebody is signed in (else on the way to the sign-in page). */
export function admitted(): boolean {
  if (!session.value || session.value.must_change) {
    location.replace("/");
    return false;
  }
  schedule(session.value);
  return true;
}

function keep(fresh: Session): Session {
  sessionStorage.setItem(STORED, JSON.stringify(fresh));
  authorize(fresh.access_token);
  session.value = fresh;
  schedule(fresh);
  return fresh;
}

function stored(): Session | null {
  const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null") as Session | null;
  return kept && kept.expires_at_ms > Date.now() ? kept : null;
}

function schedule({ expires_at_ms }: Session, wait = Math.max(0, expires_at_ms - EARLY_MS - serverNow())): void {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
}

async function refresh(): Promise<void> {
  try {
    keep(await api<Session>("POST", "/token/refresh"));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave("session_ended");
    else if (session.value) schedule(session.value, AGAIN_MS);
  }
}
