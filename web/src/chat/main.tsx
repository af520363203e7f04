import { start } from "../shared/start";
import { t } from "../shared/i18n";

function Chat() {
  return (
    <main>
      <h1>{t("chat.title")}</h1>
    </main>
  );
}

void start(Chat, "chat.title", "chat");
