// A first password: the server says it once, and here is the only place that ever shows it.
import { signal, useSignal } from "@preact/signals";
import { t } from "../shared/i18n";
import { Button, Dialog } from "../shared/ui";
import type { FirstPassword } from "./types";

const made = signal<FirstPassword | null>(null);

/** Show a login and its first password until the leader has noted them. */
export function handOver(password: FirstPassword): void {
  made.value = password;
}

export function PasswordOnce() {
  const copied = useSignal(false);
  if (!made.value) return null;
  const { login, password } = made.value;
  const close = () => ([made.value, copied.value] = [null, false]);
  const copy = async () => {
    await navigator.clipboard.writeText(password);
    copied.value = true;
  };
  return (
    <Dialog title={t("supervisor.password_title", { login })} onClose={close}>
      <div class="stack">
        <p>{t("supervisor.password_hint")}</p>
        <p class="password">
          <code>{password}</code>
        </p>
        <div class="row end">
          <span role="status">{copied.value && t("supervisor.copied")}</span>
          <Button onClick={() => void copy()}>{t("supervisor.copy")}</Button>
          <Button kind="main" onClick={close}>
            {t("supervisor.password_noted")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
