// An agent's log-in, and whether they may work at all.
import { useSignal } from "@preact/signals";
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import { attempt, Badge, Button, Field } from "../shared/ui";
import { refreshAll, useLive } from "./live";
import { CopyAgent } from "./NewAgent";
import { Act } from "./parts";
import { handOver } from "./PasswordOnce";
import { href } from "./place";
import type { AccountRow, AgentRecord, FirstPassword } from "./types";

interface Props {
  agent: AgentRecord;
}

type Asked = "" | "disable" | "copy" | "account";

export function Access({ agent }: Props) {
  const asked = useSignal<Asked>("");
  const close = () => (asked.value = "");
  const enable = () => attempt(() => setWorking(agent, "enable")).then(refreshAll);
  return (
    <section class="stack tight">
      <h3>{t("supervisor.access")}</h3>
      <Accounts agent={agent} onMissing={() => (asked.value = "account")} />
      <div class="row">
        <Button onClick={() => (asked.value = "copy")}>{t("supervisor.copy_agent")}</Button>
        {agent.disabled ? (
          <Button onClick={() => void enable()}>{t("supervisor.enable")}</Button>
        ) : (
          <Button kind="danger" onClick={() => (asked.value = "disable")}>
            {t("supervisor.disable")}
          </Button>
        )}
        <a href={href("audit", agent.id)}>{t("supervisor.changes")}</a>
      </div>
      {asked.value === "copy" && <CopyAgent like={agent} onClose={close} />}
      {asked.value === "disable" && <Disable agent={agent} onClose={close} />}
      {asked.value === "account" && <NewAccount agent={agent} onClose={close} />}
    </section>
  );
}

function Accounts({ agent, onMissing }: Props & { onMissing: () => void }) {
  const { value } = useLive(() => api<{ rows: AccountRow[] }>("GET", "/accounts"), []);
  const resetting = useSignal("");
  const accounts = value?.rows.filter((account) => account.agent === agent.id);
  return (
    <>
      <ul class="stack tight">
        {accounts?.map(({ login, must_change, disabled }) => (
          <li key={login} class="row">
            <span>
              {t("supervisor.signs_in_as")} <strong>{login}</strong>
            </span>
            {must_change && <Badge tone="warn">{t("supervisor.first_password")}</Badge>}
            {disabled && <Badge>{t("supervisor.disabled")}</Badge>}
            <span class="space" />
            <Button onClick={() => (resetting.value = login)}>{t("supervisor.reset")}</Button>
          </li>
        ))}
      </ul>
      {accounts?.length === 0 && (
        <p class="row">
          {t("supervisor.no_account")} <Button onClick={onMissing}>{t("supervisor.new_account")}</Button>
        </p>
      )}
      {resetting.value && <Reset login={resetting.value} onClose={() => (resetting.value = "")} />}
    </>
  );
}

function Reset({ login, onClose }: { login: string; onClose: () => void }) {
  const reset = async () => handOver(await api<FirstPassword>("POST", `/accounts/${encodeURIComponent(login)}/reset`));
  return (
    <Act title={t("supervisor.reset_title", { login })} button={t("supervisor.reset")} act={reset} onClose={onClose}>
      <p>{t("supervisor.reset_hint")}</p>
    </Act>
  );
}

function Disable({ agent, onClose }: Props & { onClose: () => void }) {
  return (
    <Act
      title={t("supervisor.disable_title", { name: agent.name })}
      button={t("supervisor.disable")}
      kind="danger"
      act={() => setWorking(agent, "disable")}
      onClose={onClose}
    >
      <p>{t("supervisor.disable_hint")}</p>
    </Act>
  );
}

function NewAccount({ agent, onClose }: Props & { onClose: () => void }) {
  const login = useSignal(agent.id);
  const make = async () => {
    const body = { agent: agent.id, grants: [{ role: "agent", teams: agent.teams }] };
    handOver(await api<FirstPassword>("PUT", `/accounts/${encodeURIComponent(login.value)}`, { body }));
  };
  return (
    <Act title={t("supervisor.new_account")} button={t("supervisor.create")} act={make} onClose={onClose}>
      <Field label={t("login.login")} value={login.value} onInput={(value) => (login.value = value)} required />
    </Act>
  );
}

function setWorking({ id, revision }: AgentRecord, act: "enable" | "disable"): Promise<unknown> {
  return api("POST", `/agents/${encodeURIComponent(id)}/${act}`, { etag: `"${revision}"` });
}
