/** What a run says of itself. */
export const strings = {
  cut: "The connection was cut before the run ended",
  cutDetail: "What arrived until then is kept.",
  badEvent: "An event of the stream is no JSON",
};
