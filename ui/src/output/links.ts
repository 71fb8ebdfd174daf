const IMAGE_DATA = /^data:image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml);base64,[a-z0-9+/=\s]*$/i;

/** An address that a page may link to; null for any other, such as those that run scripts. */
export function linkOf(address: string | undefined): URL | null {
  if (address === undefined || !/^(?:https?:\/\/|mailto:)/i.test(address)) return null;
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** Whether an image is in the page already, so that to show it asks nobody. */
export function isImageData(address: string): boolean {
  return IMAGE_DATA.test(address);
}

/** Keep what may be linked to or shown; everything else becomes an empty address. */
export function safeAddress(address: string): string {
  return linkOf(address) !== null || isImageData(address) ? address : "";
}
