import { admitted } from "../shared/session";
import { start } from "../shared/start";
import { Desk } from "./Desk";

if (admitted()) void start(Desk, "agent.title", "agent");
