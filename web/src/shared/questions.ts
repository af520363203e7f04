// Questions to leaders, for those who may answer them.
import { api } from "./api";
import { language } from "./i18n";
import type { Answer, Channel, Question } from "./types";

export interface OpenQuestion {
  item: string;
  reference: string;
  channel: Channel;
  queue: string;
  state: string;
  customer: string;
  question: Question;
  text: string;
  mine: boolean;
}

/** What waits for an answer of mine. */
export async function openQuestions(): Promise<OpenQuestion[]> {
  return (await api<{ rows: OpenQuestion[] }>("GET", "/questions")).rows;
}

export async function reply({ item, question }: OpenQuestion, answer: Answer, note: string): Promise<void> {
  await api("POST", `/items/${item}/answer`, { body: { question: question.id, answer, note } });
}

/** Hundredths as a figure that people read. */
export function amountOf(hundredths: number): string {
  return new Intl.NumberFormat(language.value, { minimumFractionDigits: 2 }).format(hundredths / 100);
}
