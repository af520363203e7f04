import { start } from "../shared/start";
import { Chat } from "./Chat";
import "./chat.css";
import { connect, kept } from "./talk";

if (kept.value) connect();
void start(Chat, "chat.title", "chat");
