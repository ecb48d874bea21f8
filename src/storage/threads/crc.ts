/** The CRC-32 of bytes that were looked at in pieces, by whoever came first: from those of the pieces. */

/** The polynomial of gzip's CRC-32, its bits reflected (RFC 1952). */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of two pieces, one after the other, from the CRC-32 of each.
 *
 * The register of a CRC is a polynomial over two elements, and bytes of zeros multiply it by a power of x: so the first
 * value is multiplied by x to the number of bits that follow it, and the second one added.
 * @param length bytes of the second piece
 */
export function crc32Of(first: number, second: number, length: number): number {
  return (multiply(zeros(length), first) ^ second) >>> 0;
}

const ONE = 0x80000000;
const known = new Map<number, number>();

/** What so many bytes of zeros multiply a register by. Slices have few lengths. */
function zeros(bytes: number): number {
  const seen = known.get(bytes);
  if (seen !== undefined) return seen;
  let product = ONE;
  // x to the 8th, and from there squared and squared again.
  let power = 0x00800000;
  for (let n = bytes; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) product = multiply(power, product);
    power = multiply(power, power);
  }
  if (known.size > 1000) known.clear();
  known.set(bytes, product);
  return product;
}

/** The product of two polynomials, modulo that of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0;
  let at = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= at;
    at = (at & 1) !== 0 ? (at >>> 1) ^ POLYNOMIAL : at >>> 1;
  }
  return product >>> 0;
}
