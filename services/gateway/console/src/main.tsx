import { render } from "preact";
import { App } from "./shell/app.tsx";
import { startRouting } from "./state/route.ts";
import "./state/theme.ts";

startRouting();
const place = document.getElementById("app");
if (place) render(<App />, place);
