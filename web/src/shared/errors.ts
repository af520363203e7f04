// Refusals in the reader's words.
import { Problem } from "./api";
import { known, t } from "./i18n";

/** What a refusal means for a person: the text of its code, else what the server said. */
export function told(error: unknown): string {
  if (!(error instanceof Problem)) throw error;
  return known(`code.${error.code}`) ?? (error.detail || t("code.internal"));
}
