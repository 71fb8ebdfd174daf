import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { EmptyState } from "../design";
import { Home } from "./home/Home";
import { Page, Shell } from "./Shell";
import { strings } from "./strings";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });

const router = createRouter({
  routeTree: root.addChildren([home]),
  basepath: new URL(document.baseURI).pathname,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

// Requests go to the service the page came from, so being without a network is no reason to wait.
const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, networkMode: "always" } },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}

function NotFound() {
  return (
    <Page title={strings.notFound}>
      <EmptyState title={strings.notFoundText} />
    </Page>
  );
}
