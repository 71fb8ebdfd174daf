// Writes chat.jsx, with all that it imports, into the file that is named.
import { build } from "esbuild";

const [outfile] = process.argv.slice(2);

await build({
  entryPoints: [new URL("chat.jsx", import.meta.url).pathname],
  outfile,
  bundle: true,
  jsx: "automatic",
  define: { "process.env.NODE_ENV": "'production'" },
  logLevel: "error",
});
