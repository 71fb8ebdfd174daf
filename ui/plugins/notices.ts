import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ALLOWED = new Set([
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "0BSD",
  "Unlicense",
  "OFL-1.1",
]);

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
}

interface Shipped {
  name: string;
  version: string;
  license: string;
  text: string;
}

/**
 * Writes the licences of every package that may be shipped, and fails the build on one that must
 * not be. Packages of the build alone are not asked.
 */
export function notices(): Plugin {
  return {
    name: "moorage:notices",
    apply: "build",
    generateBundle() {
      const shipped = shippedPackages();
      const refused = shipped.filter(({ license }) => !ALLOWED.has(license));
      if (refused.length > 0) {
        const names = refused.map(({ name, license }) => `${name} (${license})`);
        this.error(`licences that must not be shipped: ${names.join(", ")}`);
      }
      this.emitFile({
        type: "asset",
        fileName: "THIRD-PARTY-NOTICES.txt",
        source: shipped.map(notice).join("\n"),
      });
    },
  };
}

function shippedPackages(): Shipped[] {
  const lock: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(ROOT, "package-lock.json"), "utf-8"),
  );
  return Object.entries(lock.packages)
    .filter(([place, entry]) => place !== "" && !entry.dev)
    .filter(([place, entry]) => !entry.optional || existsSync(join(ROOT, place)))
    .map(([place, { version = "", license = "none" }]) => ({
      name: place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length),
      version,
      license,
      text: licenseText(join(ROOT, place)),
    }))
    .sort((one, other) =>
      `${one.name} ${one.version}` < `${other.name} ${other.version}` ? -1 : 1,
    );
}

function licenseText(folder: string): string {
  return readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf-8").replaceAll("\r\n", "\n").trim())
    .join("\n\n");
}

function notice({ name, version, license, text }: Shipped): string {
  const rule = "=".repeat(78);
  return `${rule}\n${name} ${version}: ${license}\n${rule}\n\n${text || "The package comes without a text of its licence."}\n`;
}
