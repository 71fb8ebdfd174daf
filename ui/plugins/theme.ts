import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const MARKER = "<!--moorage:theme-->";
const SOURCE = fileURLToPath(new URL("../src/design/theme-boot.js", import.meta.url));

/**
 * Puts the small script that chooses light or dark into the head of every page.
 * It is a classic script, since those run before the first paint, and a file, since the policy
 * of the pages allows no inline scripts.
 */
export function themeScript(): Plugin {
  let building = false;
  let reference: string | undefined;
  return {
    name: "moorage:theme",
    enforce: "post", // After the plugin that makes the HTML files.
    configResolved(config) {
      building = config.command === "build";
    },
    buildStart() {
      if (building) {
        reference = this.emitFile({
          type: "asset",
          name: "theme.js",
          source: readFileSync(SOURCE, "utf-8"),
        });
      }
    },
    transformIndexHtml(html) {
      return building
        ? html
        : html.replace(MARKER, '<script src="/src/design/theme-boot.js"></script>');
    },
    generateBundle(_options, bundle) {
      if (reference === undefined) return;
      const script = `<script src="./${this.getFileName(reference)}"></script>`;
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".html")) {
          file.source = String(file.source).replace(MARKER, script);
        }
      }
    },
  };
}
