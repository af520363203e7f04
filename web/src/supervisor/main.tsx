import { start } from "../shared/start";
import { t } from "../shared/i18n";

function Supervisor() {
  return (
    <main>
      <h1>{t("supervisor.title")}</h1>
    </main>
  );
}

void start(Supervisor, "supervisor.title", "supervisor");
