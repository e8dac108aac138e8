import "./begin.js";
import { render } from "preact";
import { App } from "./app.js";
import "./style/base.css";
import "./style/shell.css";
import "./style/grid.css";
import "./style/tabs.css";

render(<App />, document.getElementById("app")!);
