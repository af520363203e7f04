import { admitted, leads } from "../shared/session";
import { start } from "../shared/start";
import { Board } from "./Board";
import { loadCentre } from "./centre";
import "./supervisor.css";

if (admitted()) {
  if (leads()) void open();
  else location.replace("/agent");
}

/** Names are there from the first moment, if the server answers; what else it says, each part tells. */
async function open(): Promise<void> {
  await loadCentre().catch(() => {});
  await start(Board, "supervisor.title", "supervisor");
}
