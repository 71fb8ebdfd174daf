import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { devPages } from "./plugins/devPages.ts";
import { notices } from "./plugins/notices.ts";
import { themeScript } from "./plugins/theme.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [react(), tailwindcss(), themeScript(), notices(), devPages()],
  build: {
    outDir: here("../src/moorage/_pages"),
    emptyOutDir: true,
    // Served below the folder of each page, which is its base.
    assetsDir: "assets",
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: { input: [here("playground.html"), here("console.html")] },
  },
  test: {
    // Of a machine that has much else to do.
    testTimeout: 60_000,
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: [here("src/design/testing.ts")],
  },
});
