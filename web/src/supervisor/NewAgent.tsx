// A new agent with a first log-in: made from nothing, or like a colleague.
import { type Signal, useSignal } from "@preact/signals";
import { api } from "../shared/api";
import { t } from "../shared/i18n";
import { Field, Select } from "../shared/ui";
import { loadCentre, skillChoices, teamChoices } from "./centre";
import { Act, Check } from "./parts";
import { handOver } from "./PasswordOnce";
import { href } from "./place";
import type { AgentRecord, FirstPassword } from "./types";

const LEVELS = ["1", "2", "3", "4", "5"].map((level) => [level, level] as const);

interface Identity {
  id: string;
  name: string;
  login: string;
}

export function NewAgent({ onClose }: { onClose: () => void }) {
  const identity = useSignal<Identity>({ id: "", name: "", login: "" });
  const [teams, skills] = [useSignal<string[]>([]), useSignal<Record<string, number>>({})];
  const body = () => ({ ...identity.value, teams: teams.value, skills: skills.value });
  const toggle = (team: string, on: boolean) => {
    teams.value = on ? [...teams.value, team] : teams.value.filter((one) => one !== team);
  };
  return (
    <Act
      title={t("supervisor.new_agent")}
      button={t("supervisor.create")}
      act={() => make("/agents", body())}
      onClose={onClose}
    >
      <IdentityFields identity={identity} />
      <fieldset>
        <legend>{t("supervisor.teams")}</legend>
        {teamChoices().map(([id, name]) => (
          <Check key={id} label={name} checked={teams.value.includes(id)} onChange={(on) => toggle(id, on)} />
        ))}
      </fieldset>
      <fieldset class="levels">
        <legend>{t("supervisor.skills_levels")}</legend>
        {skillChoices().map(([id, name]) => (
          <Select
            key={id}
            label={name}
            value={String(skills.value[id] ?? "")}
            onChange={(level) => (skills.value = withLevel(skills.value, id, Number(level)))}
            options={LEVELS}
            empty="–"
          />
        ))}
      </fieldset>
    </Act>
  );
}

export function CopyAgent({ like, onClose }: { like: AgentRecord; onClose: () => void }) {
  const identity = useSignal<Identity>({ id: "", name: "", login: "" });
  return (
    <Act
      title={t("supervisor.copy_title", { name: like.name })}
      button={t("supervisor.create")}
      act={() => make(`/agents/${encodeURIComponent(like.id)}/copy`, identity.value)}
      onClose={onClose}
    >
      <p>{t("supervisor.copy_hint")}</p>
      <IdentityFields identity={identity} />
    </Act>
  );
}

async function make(path: string, body: Identity): Promise<void> {
  handOver(await api<FirstPassword>("POST", path, { body }));
  await loadCentre();
  location.hash = href("agents", body.id);
}

/** Id and login follow the name until somebody writes them by hand. */
function IdentityFields({ identity }: { identity: Signal<Identity> }) {
  const { id, name, login } = identity.value;
  const rename = (to: string) => {
    const [was, is] = [idOf(name), idOf(to)];
    identity.value = { name: to, id: id === was ? is : id, login: login === was ? is : login };
  };
  return (
    <>
      <Field label={t("supervisor.name")} value={name} onInput={rename} autocomplete="off" required />
      <Field
        label={t("supervisor.id")}
        hint={t("supervisor.id_hint")}
        value={id}
        onInput={(value) => (identity.value = { ...identity.value, id: value })}
        autocomplete="off"
        required
      />
      <Field
        label={t("login.login")}
        value={login}
        onInput={(value) => (identity.value = { ...identity.value, login: value })}
        autocomplete="off"
        required
      />
    </>
  );
}

/** What stays of a name in an id: "Jürgen De Wolf" is jurgen-de-wolf. */
function idOf(name: string): string {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

function withLevel(skills: Record<string, number>, id: string, level: number): Record<string, number> {
  const { [id]: _, ...rest } = skills;
  return level ? { ...rest, [id]: level } : rest;
}
