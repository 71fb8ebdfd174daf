import { boot } from "../design/boot";
import { App } from "./page/App";

boot(<App />);
