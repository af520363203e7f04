// Nobody overwrites what they have not seen: a form says which revision its reader had before them.
import { useSignal } from "@preact/signals";
import { api, Problem } from "../shared/api";
import { t } from "../shared/i18n";

interface Revised {
  revision: number;
}

/**
 * What was seen when a form was opened. A change by somebody else since then is told with what is there now, as `said`
 * puts it; doing it once more is then on top of that.
 */
export function useSeen<T extends Revised>(path: string, { revision }: Revised) {
  const seen = useSignal(revision);
  return {
    etag: () => `"${seen.value}"`,
    conflict: (said: (now: T) => string) => async (error: unknown) => {
      if (!(error instanceof Problem) || error.code !== "stale_revision") return undefined;
      const now = await api<T>("GET", path);
      seen.value = now.revision;
      return t("supervisor.conflict", { now: said(now) });
    },
  };
}
