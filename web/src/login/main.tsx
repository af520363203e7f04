import { start } from "../shared/start";
import { SignIn } from "./SignIn";

void start(SignIn, "login.title");
