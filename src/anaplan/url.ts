/** Query parameters by name; a list is sent as the same name again and again. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** The query of a URL, with its question mark; '' where nothing is asked. */
export function queryString(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value])
      .filter((one) => one !== undefined)
      .map((one) => `${encodeURIComponent(name)}=${encoded(String(one))}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** A colon stands for itself in a query, and the documents print it so: `pages=dimension:item`. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');
