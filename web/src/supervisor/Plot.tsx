// The day quarter hour by quarter hour: what came, what was answered, what was lost. The table below says the same.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { language, t } from "../shared/i18n";
import type { DayReport } from "./types";

const HEIGHT_PX = 220;
const LEAST = 4; // items that the scale reaches at least: else one item looks like a flood
const QUARTER_MS = 900_000;
const SHORTEST_MS = 4 * 3_600_000; // what is plotted just after midnight: else one bar fills everything
const LINES = [
  ["offered", "--soft", []],
  ["answered", "--good", []],
  ["abandoned", "--bad", [6, 4]],
] as const;

const dark = matchMedia("(prefers-color-scheme: dark)");

export function Plot({ report }: { report: DayReport }) {
  const place = useRef<HTMLElement>(null);
  const spoken = language.value;
  useEffect(() => {
    const frame = place.current!;
    const draw = () => new uPlot(options(frame, report), series(report), frame);
    let plot = draw();
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    const widths = new ResizeObserver(() => plot.setSize({ width: roomIn(frame), height: HEIGHT_PX }));
    widths.observe(frame);
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      widths.disconnect();
      plot.destroy();
    };
  }, [report, spoken]);
  return <figure ref={place} class="plot" aria-label={t("supervisor.plot")} />;
}

/** All quarter hours since midnight, the empty ones too; and the end of the last one, up to which its lines go. */
function series({ from_ms, as_of_ms, to_ms, rows }: DayReport): uPlot.AlignedData {
  const found = new Map(rows.map((row) => [row.quarter!, row]));
  const count = Math.ceil((Math.min(as_of_ms, to_ms) - from_ms) / QUARTER_MS);
  const quarters = Array.from({ length: Math.max(1, count) }, (_, index) => from_ms + index * QUARTER_MS);
  const [offered, ...others] = LINES.map(([name]) => quarters.map((quarter) => found.get(quarter)?.[name] ?? 0));
  const end = quarters.at(-1)! + QUARTER_MS;
  return [[...quarters, end], [...offered!, null], ...others.map((line) => [...line, line.at(-1)!])];
}

/** From midnight to now, or to the end of a day that is over. */
function span({ from_ms, as_of_ms, to_ms }: DayReport): [number, number] {
  return [from_ms, Math.min(to_ms, Math.max(as_of_ms, from_ms + SHORTEST_MS))];
}

function options(place: HTMLElement, report: DayReport): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name);
  const axis = { stroke: style.color, grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const bars = uPlot.paths.bars!({ size: [0.9, 60], align: 1 });
  const steps = uPlot.paths.stepped!({ align: 1 });
  return {
    width: roomIn(place),
    height: HEIGHT_PX,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), report.zone),
    cursor: { show: false },
    scales: { x: { range: () => span(report) }, y: { range: (_, __, most) => [0, Math.max(LEAST, most)] } },
    axes: [
      { ...axis, values: (_, at) => at.map((quarter) => timeIn(quarter, report.zone)) },
      { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] },
    ],
    legend: { live: false },
    series: [
      {},
      ...LINES.map(([name, of, dash], index) => ({
        label: t(`supervisor.day_${name}`),
        stroke: colour(of),
        dash: [...dash],
        width: 2,
        points: { show: false },
        ...(index === 0 ? { paths: bars, fill: colour("--main-soft"), width: 1 } : { paths: steps }),
      })),
    ],
  };
}

function roomIn(place: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(place);
  return place.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}

/** The time of day where the centre is. */
export function timeIn(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat(language.value, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(at);
}
