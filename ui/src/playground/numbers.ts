/** A whole number with its thousands told apart. */
export function whole(number: number): string {
  return number.toLocaleString("en");
}
