import { boot } from "../design";
import { App } from "./App";

boot(<App />);
