/** A run of code that is shown in one way. */
export interface Span {
  kind: "plain" | "string" | "comment" | "keyword";
  text: string;
}

const KEYWORDS: { [language: string]: string } = {
  python: "from|import|as|for|in|print|with|async|await|def|return|if|else|None|True|False",
  javascript: "import|from|const|let|new|await|async|for|of|return|if|else|export|default|null|true|false",
  shell: "export|curl",
  json: "true|false|null",
};

/** Just enough of a lexer for a snippet: what is quoted, what is commented, and the words of the language. */
export function highlight(code: string, language: string): Span[] {
  const keywords = KEYWORDS[language];
  if (!keywords) return [{ kind: "plain", text: code }];
  const comment = language === "javascript" ? "\\/\\/.*" : language === "json" ? "(?!)" : "(?<=^|\\s)#.*";
  const lexer = new RegExp(
    `(?<string>"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*')|(?<comment>${comment})|\\b(?<keyword>${keywords})\\b`,
    "gm",
  );
  const spans: Span[] = [];
  let end = 0;
  for (const match of code.matchAll(lexer)) {
    if (match.index > end) spans.push({ kind: "plain", text: code.slice(end, match.index) });
    const kind = match.groups?.string ? "string" : match.groups?.comment ? "comment" : "keyword";
    spans.push({ kind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < code.length) spans.push({ kind: "plain", text: code.slice(end) });
  return spans;
}
