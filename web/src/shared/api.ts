// The REST side of the server. Every refusal is a Problem with a stable code.
import { heard } from "./clock";

export interface ProblemPart {
  pointer: string;
  detail: string;
}

/** A refusal: nothing has moved. `unreachable` is ours: no answer came, so what was asked may have happened. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    readonly errors: readonly ProblemPart[] = [],
    readonly subject = "",
  ) {
    super(`${code}: ${detail}`);
  }
}

export interface Answer<T> {
  body: T;
  etag: string;
}

interface Options {
  body?: unknown;
  /** The same key again does it once only. */
  key?: string;
  /** The ETag of what is being changed. */
  etag?: string;
}

let bearer = "";

/** Send this token from now on; "" for none. */
export function authorize(token: string): void {
  bearer = token;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Ask the server; the body of its answer. Throws Problem. */
export async function api<T = unknown>(method: Method, path: string, options: Options = {}): Promise<T> {
  return (await tagged<T>(method, path, options)).body;
}

/** The same, with the ETag of the answer. */
export async function tagged<T>(method: Method, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await send(method, `/api/v1${path}`, options);
  return { body: (await read(response)) as T, etag: response.headers.get("ETag") ?? "" };
}

/** A file of the server, given to the person as a download: links cannot carry the token. */
export async function download(path: string, name: string): Promise<void> {
  const response = await send("GET", path, {});
  if (!response.ok) await read(response);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function send(method: Method, path: string, { body, key, etag }: Options): Promise<Response> {
  const headers: Record<string, string> = {};
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  if (etag) headers["If-Match"] = etag;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const content = body === undefined ? null : JSON.stringify(body);
  try {
    const response = await fetch(path, { method, headers, body: content });
    heard(response.headers.get("Date"));
    return response;
  } catch {
    throw new Problem("unreachable", "No answer came.");
  }
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text();
  const json = response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text || "{}") : text;
  if (response.ok) return json;
  throw new Problem(json.code ?? "internal", json.detail ?? "", response.status, json.errors ?? [], json.subject ?? "");
}
