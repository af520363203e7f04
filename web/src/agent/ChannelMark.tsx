// A channel as a sign and as a word, so that neither colour nor shape alone says it.
import { t } from "../shared/i18n";
import type { Channel } from "../shared/types";

const SIGNS: Record<Channel, string> = {
  phone: "M4 2h3l1.5 4-2 1.5a8 8 0 0 0 4 4l1.5-2 4 1.5v3a1 1 0 0 1-1 1A13 13 0 0 1 3 3a1 1 0 0 1 1-1z",
  email: "M2 4h14v10H2zM2 4.5l7 5.5 7-5.5",
  chat: "M2 3h14v9H8l-4 3.5V12H2z",
  webhook: "M4 2.5h10v13H4zM6.5 6h5M6.5 9h5M6.5 12h3",
};

export function ChannelMark({ channel }: { channel: Channel }) {
  return (
    <span class="channel">
      <svg viewBox="0 0 18 18" aria-hidden="true">
        <path d={SIGNS[channel]} />
      </svg>{" "}
      {t(`channel.${channel}`)}
    </span>
  );
}
