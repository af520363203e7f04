// How every page begins: its language, its styles, its notices, and something readable if it fails.
import { effect } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { type Key, type Page, preferred, speak, t } from "./i18n";
import "./style.css";
import { Notices } from "./ui";

export async function start(View: ComponentType, title: Key, ...pages: Page[]): Promise<void> {
  await speak(preferred(), ...pages);
  effect(() => {
    document.title = `${t(title)} · Firstline`;
  });
  render(
    <>
      <View />
      <Notices />
    </>,
    document.getElementById("page")!,
  );
}
