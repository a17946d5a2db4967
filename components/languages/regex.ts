/**
 * A pattern that matches exactly this text, for PCRE (nginx, Varnish) alike. It is a plain string: where it stands in a
 * file, that language's writer quotes it.
 * https://www.pcre.org/current/doc/html/pcre2pattern.html#SEC5
 */
export const exactly = (value: string): string =>
    value.replace(/[\\^$.[\]|()?*+{}#/-]/g, (sign) => (sign === "/" || sign === "-" ? sign : `\\${sign}`));
