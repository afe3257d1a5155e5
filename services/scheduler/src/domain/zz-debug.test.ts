import fs from "node:fs";
import { test } from "vitest";
import { createWorld } from "../../test/world.ts";
import { defaultRules } from "./rules.ts";
import { createScheduler } from "./scheduler.ts";

test("debug", () => {
  const [external, pinned, actions] = JSON.parse(fs.readFileSync("/tmp/ce.json", "utf8"));
  const scheduler = createScheduler({
    rules: { ...defaultRules, gpuHeadroomBytes: 50, minResidentMs: 3_000, maxWaitMs: 60_000 },
    cards: new Map(),
    term: 1,
  });
  const world = createWorld(external, new Set(pinned ? ["small"] : []));
  let nowMs = 0;
  const feed = (name: string, effects: any[]) => {
    world.apply(effects, nowMs);
    console.log(
      nowMs,
      name,
      JSON.stringify(effects.map((e) => [e.kind, e.callId, e.deviceId, e.optionIndex, e.command?.hostId, e.why])),
      world.mistakes,
    );
  };
  const report = () => {
    for (const r of ["0", "1"])
      if (!world.silent.has(r)) {
        const reps = world.reports(r);
        console.log(
          "  rep",
          r,
          JSON.stringify(
            reps.map((x) => [
              x.deviceId,
              x.observedBytes,
              x.hosts.map((h) => [h.hostId, h.usedBytes, h.busy, h.models.length]),
            ]),
          ),
        );
        feed("report", scheduler.report(`s/${r}`, reps, nowMs));
      }
  };
  report();
  for (const action of actions) {
    if (action.kind === "ask") {
      const [c, r] = world.wish(action.wish, nowMs + 45000);
      feed(
        `ask ${c} ${r.modelDigest} host=${r.hostId} inst=${r.instance} ${r.deviceIds}`,
        scheduler.request(c, r, nowMs),
      );
    } else if (action.kind === "report") report();
    else if (action.kind === "wait") {
      nowMs += action.ms;
      world.expire(nowMs);
      feed("tick", scheduler.tick(nowMs));
    } else if (action.kind === "silence") {
      if (!world.silent.delete(action.instance)) world.silent.add(action.instance);
      console.log("silence", action.instance);
    } else if (action.kind === "foreign") world.external.set(action.deviceId, action.bytes);
    else if (action.kind === "renew") {
      for (const c of world.held()) {
        world.renew(c, nowMs);
        scheduler.renew(c, nowMs);
      }
      console.log("renew");
    } else {
      const from = ({ cancel: world.waiting, grow: world.running, release: world.held, break: world.held } as any)[
        action.kind
      ]();
      const c = from[action.pick % from.length];
      if (c === undefined) continue;
      if (action.kind === "grow") {
        world.grow(c, action.share);
        console.log("grow", c, action.share);
      } else if (action.kind === "release") {
        const m = world.finish(c);
        feed("release " + c, scheduler.release(c, m, nowMs));
      } else {
        world.breakOff(c);
        feed(action.kind + " " + c, scheduler.disconnect(c, nowMs));
      }
    }
    if (world.mistakes.length) break;
  }
});
