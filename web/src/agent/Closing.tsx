// How it ends: what it was about, how it came out, and then it is closed.
import { t } from "../shared/i18n";
import { Menu } from "../shared/Menu";
import type { Item } from "../shared/types";
import { Button, notify, Select } from "../shared/ui";
import { categoryChoices, codeChoices, queue } from "./centre";
import { act, draft, edit, open } from "./work";

export function Closing({ item }: { item: Item }) {
  const demands = queue(item.queue)?.demands ?? [];
  const label = (key: "agent.category" | "agent.outcome", part: "category" | "outcome") =>
    demands.includes(part) ? `${t(key)} (${t("agent.required")})` : t(key);
  return (
    <section class="card stack" aria-label={t("agent.closing")}>
      <Select
        label={label("agent.category", "category")}
        value={item.category}
        options={categoryChoices()}
        empty={t("agent.not_said")}
        onChange={(category) => category && void act("category", item.id, { category })}
      />
      <Select
        label={label("agent.outcome", "outcome")}
        value={item.disposition}
        options={codeChoices("disposition")}
        empty={t("agent.not_said")}
        onChange={(disposition) => disposition && void act("outcome", item.id, { disposition })}
      />
      <div class="row">
        {item.state === "active" && item.channel !== "phone" && (
          <Button onClick={() => void act("end", item.id)}>{t("agent.end")}</Button>
        )}
        <WithoutAnswer item={item} />
        <Button kind="main" disabled={!item.disposition} onClick={() => void close(item)}>
          {t("agent.close")}
        </Button>
      </div>
      {!item.disposition && <small>{t("agent.close_hint")}</small>}
    </section>
  );
}

/** None is needed, spam, not for us: codes of the centre, if it has any. */
function WithoutAnswer({ item }: { item: Item }) {
  const codes = codeChoices("closing");
  if (!codes.length) return null;
  return (
    <Menu text={t("agent.without_answer")}>
      {(shut) => (
        <ul class="stack tight">
          {codes.map(([code, text]) => (
            <li key={code}>
              <Button
                onClick={() => {
                  shut();
                  void dismiss(item, code);
                }}
              >
                {text}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Menu>
  );
}

async function dismiss({ id }: Item, code: string): Promise<void> {
  if (draft(id).text.trim() && !confirm(t("agent.close_unsent"))) return;
  if (!(await act("dismiss", id, { code }))) return;
  edit(id, { text: "", note: "" });
  notify(t("agent.closed"));
  open("");
}

async function close({ id, disposition }: Item): Promise<void> {
  if (draft(id).text.trim() && !confirm(t("agent.close_unsent"))) return;
  if (!(await act("complete", id, { disposition }))) return;
  edit(id, { text: "", note: "" });
  notify(t("agent.closed"));
  open("");
}
