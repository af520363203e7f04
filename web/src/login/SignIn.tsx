// Signing in; and for a first password the choice of one's own, before anything else.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, TargetedEvent } from "preact";
import { told } from "../shared/errors";
import { known, t } from "../shared/i18n";
import { changePassword, home, session, signIn, type Session, whyLeft } from "../shared/session";
import { Button, Field, LanguageChoice } from "../shared/ui";

const PASSWORD_CHARS_MIN = 8; // the server's bound: told before it has to refuse

const why = whyLeft();
if (session.value && !session.value.must_change) location.replace(home(session.value));

export function SignIn() {
  const first = useSignal("");
  const mustChange = session.value?.must_change;
  return (
    <main class="gate">
      <header>
        <h1>Firstline</h1>
        <LanguageChoice />
      </header>
      {why && <p class="note warn">{known(`code.${why}`) ?? t("code.session_ended")}</p>}
      {mustChange ? <NewPassword old={first.value} /> : <Credentials onFirst={(given) => (first.value = given)} />}
    </main>
  );
}

function Credentials({ onFirst }: { onFirst: (password: string) => void }) {
  const [login, password] = [useSignal(""), useSignal("")];
  const enter = async () => {
    onFirst(password.value);
    go(await signIn(login.value.trim(), password.value));
  };
  return (
    <Form button={t("login.enter")} onSubmit={enter}>
      <Field
        label={t("login.login")}
        value={login.value}
        onInput={(v) => (login.value = v)}
        autocomplete="username"
        required
      />
      <Field
        label={t("login.password")}
        type="password"
        value={password.value}
        onInput={(v) => (password.value = v)}
        autocomplete="current-password"
        required
      />
    </Form>
  );
}

function NewPassword({ old }: { old: string }) {
  const [before, wanted, again] = [useSignal(old), useSignal(""), useSignal("")];
  const wrong = useSignal("");
  const save = async () => {
    wrong.value = "";
    if (wanted.value.length < PASSWORD_CHARS_MIN) wrong.value = t("login.short", { count: PASSWORD_CHARS_MIN });
    else if (wanted.value !== again.value) wrong.value = t("login.differs");
    else if (wanted.value === before.value) wrong.value = t("login.same");
    else go(await changePassword(before.value, wanted.value));
  };
  return (
    <Form button={t("login.save")} onSubmit={save} wrong={wrong.value}>
      <p>{t("login.first")}</p>
      {!old && (
        <Field
          label={t("login.current")}
          type="password"
          value={before.value}
          onInput={(v) => (before.value = v)}
          autocomplete="current-password"
          required
        />
      )}
      <Field
        label={t("login.new")}
        type="password"
        hint={t("login.hint", { count: PASSWORD_CHARS_MIN })}
        value={wanted.value}
        onInput={(v) => (wanted.value = v)}
        autocomplete="new-password"
        required
      />
      <Field
        label={t("login.again")}
        type="password"
        value={again.value}
        onInput={(v) => (again.value = v)}
        autocomplete="new-password"
        required
      />
    </Form>
  );
}

interface FormProps {
  button: string;
  onSubmit: () => Promise<void>;
  wrong?: string;
  children: ComponentChildren;
}

function Form({ button, onSubmit, wrong = "", children }: FormProps) {
  const [busy, refusal] = [useSignal(false), useSignal("")];
  const submit = async (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    [busy.value, refusal.value] = [true, ""];
    await onSubmit().catch((error) => (refusal.value = told(error)));
    busy.value = false;
  };
  return (
    <form class="card stack" onSubmit={submit}>
      {children}
      <p role="alert" class="refusal">
        {wrong || refusal.value}
      </p>
      <Button type="submit" kind="main" disabled={busy.value}>
        {button}
      </Button>
    </form>
  );
}

function go(entered: Session): void {
  if (!entered.must_change) location.assign(home(entered));
}
