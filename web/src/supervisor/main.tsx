import { admitted, leads } from "../shared/session";
import { start } from "../shared/start";
import { Board } from "./Board";
import { loadCentre } from "./centre";
import "./supervisor.css";

if (admitted()) {
  if (leads()) void loadCentre().then(() => start(Board, "supervisor.title", "supervisor"));
  else location.replace("/agent");
}
