// Lists of the server, which come page by page.
import { api } from "./api";
import type { Page } from "./types";

const PAGE_ROWS = 200; // the most that the server gives at once

/** Every row of a list. */
export async function all<Row>(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  let after = "";
  do {
    const page = await some<Row>(path, after);
    rows.push(...page.rows);
    after = page.next ?? "";
  } while (after);
  return rows;
}

/** Rows by their id. */
export function byId<Row extends { id: string }>(rows: Row[]): Record<string, Row> {
  return Object.fromEntries(rows.map((row) => [row.id, row]));
}

/** The first rows of a list, or those after a cursor. */
export function some<Row>(path: string, after = ""): Promise<Page<Row>> {
  const query = new URLSearchParams({ limit: String(PAGE_ROWS), ...(after && { after }) });
  return api<Page<Row>>("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`);
}
