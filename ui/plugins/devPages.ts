import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const SERVICE = process.env.MOORAGE_DEV_SERVER ?? "http://127.0.0.1:8000";
const PLAYGROUND = /^(?<runnable>.*?)(?:\/c\/(?<config>[^/]+))?\/playground\/(?:index\.html)?$/;
const CONSOLE = /^\/console\/(?!.*\.json$)/;

interface Place {
  file: string;
  base: string;
  config: string;
}

/**
 * Serves the pages from their sources at the addresses where a service has them, and leaves all
 * other requests to a service that runs already: `MOORAGE_DEV_SERVER`. It has to be at the root
 * of its host.
 */
export function devPages(): Plugin {
  return {
    name: "moorage:dev-pages",
    apply: "serve",
    config: () => ({
      appType: "custom",
      server: {
        host: "127.0.0.1",
        // All but what is Vite's own.
        proxy: { "^/(?!@|src/|node_modules/)": { target: SERVICE } },
      },
    }),
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const url = request.originalUrl ?? "/";
        const place = request.method === "GET" ? placeOf(url.replace(/[?#].*/, "")) : null;
        if (place === null) return next();
        try {
          const source = fileURLToPath(new URL(`../${place.file}`, import.meta.url));
          const html = (await readFile(source, "utf-8"))
            .replaceAll('"./src/', '"/src/')
            .replace("<!--moorage:base-->", await headOf(place));
          const page = await server.transformIndexHtml(url, html);
          response.setHeader("content-type", "text/html; charset=utf-8").end(page);
        } catch (thrown) {
          next(thrown);
        }
      });
    },
  };
}

function placeOf(path: string): Place | null {
  if (CONSOLE.test(path)) return { file: "console.html", base: "/console/", config: "" };
  const groups = PLAYGROUND.exec(path)?.groups;
  if (groups === undefined) return null;
  return {
    file: "playground.html",
    base: `${groups.runnable}/playground/`,
    config: groups.config ?? "",
  };
}

/** What the service puts in place of the marker. */
async function headOf({ base, config }: Place): Promise<string> {
  return (
    `<base href="${escaped(base)}">` +
    `<meta name="moorage-sign-in" content="${(await asksForCredential()) ? "/session" : ""}">` +
    `<meta name="moorage-config" content="${escaped(config)}">`
  );
}

async function asksForCredential(): Promise<boolean> {
  const answer = await fetch(new URL("/session", SERVICE));
  if (!answer.ok) return false; // An application that create_app did not make has no sessions.
  const session = (await answer.json()) as { required?: unknown };
  return session.required === true;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
