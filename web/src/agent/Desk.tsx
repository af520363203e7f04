import { t } from "../shared/i18n";

export function Desk() {
  return (
    <main>
      <h1>{t("agent.title")}</h1>
    </main>
  );
}
