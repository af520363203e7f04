// One page per role. What is built carries no inline script or style, so that the server's policy can forbid them.
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8410";

export default defineConfig({
  server: { proxy: { "/api": server, "/socket.io": { target: server, ws: true } } },
  appType: "mpa",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    license: { fileName: "licences.md" },
    rolldownOptions: { input: ["index.html", "agent.html", "supervisor.html", "chat.html"] },
  },
});
