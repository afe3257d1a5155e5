/**
 * The pixel work of a cut-out with vector instructions: the fit of the matte, the colours of both layers, and the painted rows.
 * What is computed is explained in the reference, ../test/reference/cut-out.ts. One instance holds one
 * cut-out at a time.
 */
export { bandRowSteps, decideSteps, setBand } from "./_band";
export { enlargeRows } from "./_enlarge";
export { fitStepCount, fitSteps, setFit } from "./_fit";
export { packRows } from "./_guide";
export { farSteps, halveRows, nearSteps, roundStepCount, setLayers } from "./_layers";
export { layOutRows, paintRows, resultAddress, setPainting, sourceAddress, startRows } from "./_paint";
export { layOut, matteAddress, startPlan } from "./_plan";
