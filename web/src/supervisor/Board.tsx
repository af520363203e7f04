// The whole page: where to go, how young what is shown is, and the part that is open.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { figures, now } from "../shared/clock";
import { t } from "../shared/i18n";
import { leave, session } from "../shared/session";
import { Button, LanguageChoice } from "../shared/ui";
import { Agents } from "./Agents";
import { Asked } from "./Asked";
import { Audit } from "./Audit";
import { loadCentre } from "./centre";
import { Instant } from "./Instant";
import { asOf, freeze, frozen, stale } from "./live";
import { Matrix } from "./Matrix";
import { PasswordOnce } from "./PasswordOnce";
import { hasPast, href, place, TABS } from "./place";
import { Queues } from "./Queues";
import { Today } from "./Today";

const INSTANT = "instant";
const PARTS = { queues: Queues, agents: Agents, skills: Matrix, today: Today, audit: Audit };

export function Board() {
  const { tab, id, at } = place.value;
  const asking = useSignal(false);
  const Part = PARTS[tab];
  useEffect(() => void loadCentre().catch(() => {}), [tab]);
  return (
    <>
      <header class="bar">
        <h1>{t("supervisor.title")}</h1>
        <nav aria-label={t("supervisor.title")} class="tabs">
          {TABS.map((one) => (
            <a key={one} href={href(one)} aria-current={one === tab ? "page" : undefined}>
              {t(`supervisor.tab_${one}`)}
            </a>
          ))}
        </nav>
        <span class="space" />
        {!at && hasPast(tab) && (
          <Button expanded={asking.value} controls={INSTANT} onClick={() => (asking.value = !asking.value)}>
            {t("supervisor.then_open")}
          </Button>
        )}
        {!at && <Age />}
        {session.value?.account.agent && <a href="/agent">{t("page.agent")}</a>}
        <LanguageChoice />
        <Button onClick={() => leave()}>{t("sign_out")}</Button>
      </header>
      <Trouble />
      {!at && <Asked />}
      <main class="board">
        <div id={INSTANT}>{hasPast(tab) && (at || asking.value) && <Instant />}</div>
        <Part key={tab} id={id} />
      </main>
      <PasswordOnce />
    </>
  );
}

/** How old what is shown is, and the means to let it stand still. */
function Age() {
  const age = asOf.value ? figures(now.value - asOf.value) : "–";
  return (
    <span class="row age">
      <small class="timer">{t("supervisor.age", { age })}</small>
      <Button pressed={frozen.value} onClick={() => freeze(!frozen.value)}>
        {t("supervisor.freeze")}
      </Button>
    </span>
  );
}

function Trouble() {
  return (
    <div role="status" class={stale.value ? "banner" : "unseen"}>
      {stale.value && t("supervisor.stale")}
    </div>
  );
}
