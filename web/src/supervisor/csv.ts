// The day as a file (RFC 4180), with the ids and milliseconds of the REST answer: for programs, not for reading.
import type { DayReport } from "./types";

export function saveCsv({ date, by, rows, total }: DayReport): void {
  const columns = [...by, ...Object.keys(total)];
  const lines = rows.map((row) => columns.map((name) => row[name as keyof typeof row]));
  const text = [columns, ...lines].map((cells) => cells.map(quoted).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
  link.download = `day-${date}-${by.join("-")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function quoted(cell: string | number | null | undefined): string {
  const text = String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
