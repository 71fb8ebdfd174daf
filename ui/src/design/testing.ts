import { cleanup } from "@testing-library/react";
import { afterEach, beforeAll, vi } from "vitest";
import { loadChecker } from "../schema/check";

afterEach(cleanup);
beforeAll(loadChecker);

// Nothing is laid out here, and CodeMirror is lost without. So it never arrives, and the plain field
// that stands in for it stays; tests/pages/ meet the editor itself in a browser.
vi.mock("./JsonEditorLoaded", () => new Promise(() => {}));
