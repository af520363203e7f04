import { effect } from "@preact/signals";
import { suggest } from "../shared/i18n";
import { connect, view } from "../shared/socket";
import { admitted } from "../shared/session";
import { start } from "../shared/start";
import { complain } from "../shared/ui";
import { loadCentre } from "./centre";
import { Desk } from "./Desk";
import { follow, heardTyping } from "./work";
import "./agent.css";

if (admitted()) {
  void start(Desk, "agent.title", "agent").then(() => {
    connect(heardTyping);
    follow();
    loadCentre().catch(complain);
    effect(() => void suggest(view.value?.agent.language ?? ""));
  });
}
