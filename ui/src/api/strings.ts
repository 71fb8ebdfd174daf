const STATUSES: Record<number, string> = {
  400: "The service cannot do that",
  401: "A credential is needed",
  403: "Not allowed",
  404: "There is no such thing",
  405: "Not possible here",
  408: "The request took too long to arrive",
  409: "It contradicts the present state",
  413: "The request is too large",
  422: "The input does not fit",
  429: "Too many requests",
  500: "The run failed",
  502: "A proxy could not reach the service",
  503: "The service has no capacity now",
  504: "It took too long",
};

/** What failures say before the service's own words. */
export const strings = {
  aborted: "Stopped",
  network: "The service could not be reached",
  runFailed: "The run failed",
  notOurs: "The answer did not come from the service, but from something in front of it",
  notJson: "The answer is no JSON",
  notEvents: "The answer is no stream of events",
  status: (status: number) => `${STATUSES[status] ?? "The request failed"} (${status})`,
};
