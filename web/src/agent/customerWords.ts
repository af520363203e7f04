// What a card says of a customer, in the reader's words.
import { moment } from "../shared/clock";
import type { Identity } from "../shared/customers";
import { LANGUAGES, t } from "../shared/i18n";

/** Whether, how, when and by whom the identity was checked. */
export function checked(identity: Identity | null): string {
  if (!identity) return t("agent.not_checked");
  return t("agent.checked", { how: identity.how, at: moment(identity.at_ms), by: identity.by });
}

/** A language's name in the reader's. */
export function languageOf(tag: string): string {
  return tag in LANGUAGES ? t(`language.${tag as keyof typeof LANGUAGES}`) : tag || t("agent.not_said");
}
