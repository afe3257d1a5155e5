export { type EffectsConfig, effectsFields } from "./config.ts";
export { startEffects } from "./server.ts";
