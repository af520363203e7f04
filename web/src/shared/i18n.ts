// Texts in four languages over JSON catalogues. Keys are those of the English ones, checked when compiling; that the
// others have the same keys and placeholders is checked by tests/web/test_catalogues.py.
import { computed, signal } from "@preact/signals";
import type agent from "../i18n/en/agent.json";
import type chat from "../i18n/en/chat.json";
import type shared from "../i18n/en/shared.json";
import type supervisor from "../i18n/en/supervisor.json";

export const LANGUAGES = { fr: "Français", nl: "Nederlands", de: "Deutsch", en: "English" } as const;
export type Language = keyof typeof LANGUAGES;
export type Page = "agent" | "chat" | "supervisor";
export type Key = keyof typeof shared | keyof typeof agent | keyof typeof chat | keyof typeof supervisor;
type Text = string | Record<string, string>; // the second: by plural category of `count`
type Catalogue = Record<string, Text>;

const REMEMBERED = "firstline.language";
const files = import.meta.glob<Catalogue>("../i18n/*/*.json", { import: "default" });
const catalogue = signal<Catalogue>({});
let loaded: Page[] = [];
let asked: Language = "en";

export const language = signal<Language>("en");
const plurals = computed(() => new Intl.PluralRules(language.value));

export function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** The language somebody chose on this device, else the first that their browser prefers and we speak. */
export function preferred(): Language {
  const chosen = localStorage.getItem(REMEMBERED) ?? "";
  const tags = [chosen, ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return tags.find(isLanguage) ?? "en";
}

/** Load the texts of a page, then show it in this language; whoever asks last is heard, however long a file takes. */
export async function speak(wanted: Language, ...pages: Page[]): Promise<void> {
  if (pages.length) loaded = pages;
  asked = wanted;
  const names = ["shared", ...loaded].map((page) => `../i18n/${wanted}/${page}.json`);
  const parts = await Promise.all(names.map((name) => files[name]!()));
  if (asked !== wanted) return;
  catalogue.value = Object.assign({}, ...parts);
  language.value = wanted;
  document.documentElement.lang = wanted;
}

/** Show the page in the language of somebody's account, unless they chose one on this device. */
export async function suggest(tag: string): Promise<void> {
  if (isLanguage(tag) && tag !== language.peek() && !localStorage.getItem(REMEMBERED)) await speak(tag);
}

/** Switch by hand: remembered on this device. */
export async function choose(wanted: Language): Promise<void> {
  localStorage.setItem(REMEMBERED, wanted);
  await speak(wanted);
}

/** The text of a key with its placeholders filled in; `count` chooses the plural form. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return filled(catalogue.value[key] ?? key, values);
}

/** The text of a key that is only known when running, as a code of the server; undefined if there is none. */
export function known(key: string): string | undefined {
  const text = catalogue.value[key];
  return text === undefined ? undefined : filled(text, {});
}

/** The best of a centre's names {language: name} for the reader, else the id. */
export function named(names: Record<string, string> | undefined, id: string): string {
  return names?.[language.value] ?? names?.en ?? Object.values(names ?? {})[0] ?? id;
}

function filled(text: Text, values: Record<string, string | number>): string {
  const form = typeof text === "string" ? text : (text[plurals.value.select(Number(values.count))] ?? text.other ?? "");
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? value.toLocaleString(language.value) : value;
  });
}
