import { boot } from "../design/boot";

boot(<main />);
