// How a page comes back after its connection ended: not in the same moment as thousands of others.
import type { Socket } from "socket.io-client";

/** Pauses of 0.4 to 3.6 s, then twice that, up to 10 s: by chance, each page its own. */
export const PAUSES = { reconnectionDelay: 2_000, reconnectionDelayMax: 10_000, randomizationFactor: 0.8 };

/** What a server says that refuses somebody, or sends them away, for now. */
export interface Later {
  code?: string;
  retry_ms?: number;
}

/** Come back once: when the server said, or after a first pause. */
export function comeBack(socket: Socket, retryMs = PAUSES.reconnectionDelay * spread()): void {
  setTimeout(() => socket.connect(), retryMs);
}

function spread(): number {
  return 1 + PAUSES.randomizationFactor * (2 * Math.random() - 1);
}
