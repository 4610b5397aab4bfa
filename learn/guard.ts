const WAITS =
  /\b(workgroupBarrier|storageBarrier|textureBarrier|workgroupUniformLoad|subgroup\w+)\s*\(/;
const TURNS = 1 << 20;

/**
 * The text with a countdown in its loops: an endless one would block the GPU of the whole browser. Lines stay where they
 * are. A loop that holds a barrier stays as it is, since a `break` there would not be taken by all threads; such a loop
 * has to have ended on the machine before.
 */
export function guard(code: string): string {
  const text = code.replace(/\/\/.*|\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
  const waits = waitingFunctions(text);
  const cuts: number[] = [];
  for (const { index } of text.matchAll(/\b(for|while|loop)\b/g)) {
    const begin = bodyAt(text, index);
    const body = text.slice(begin, closing(text, begin));
    if (!WAITS.test(body) && !waits.some((name) => calls(body, name))) cuts.push(begin + 1);
  }
  if (cuts.length === 0) return code;
  let guarded = code;
  for (const at of cuts.reverse()) {
    guarded = `${guarded.slice(0, at)} turns_left -= 1u; if (turns_left == 0u) { turns_left = 1u; break; } ${guarded.slice(at)}`;
  }
  const first = /^(\s|(enable|requires|diagnostic)\b[^;]*;)*/.exec(text)![0].length;
  return `${guarded.slice(0, first)}var<private> turns_left: u32 = ${TURNS}u; ${guarded.slice(first)}`;
}

/** The brace of the body of a statement that begins here. */
function bodyAt(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')') depth--;
    if (text[i] === '{' && depth === 0) return i;
  }
  return text.length;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return i;
  }
  return text.length;
}

const calls = (body: string, name: string) => new RegExp(`\\b${name}\\s*\\(`).test(body);

/** Functions that hold a barrier, or call one that does. */
function waitingFunctions(text: string): string[] {
  const bodies = [...text.matchAll(/\bfn\s+(\w+)/g)].map(({ 1: name, index }) => {
    const begin = bodyAt(text, index);
    return { name, body: text.slice(begin, closing(text, begin)) };
  });
  const waits: string[] = [];
  for (let before = -1; before < waits.length;) {
    before = waits.length;
    for (const { name, body } of bodies) {
      if (waits.includes(name)) continue;
      if (WAITS.test(body) || waits.some((other) => calls(body, other))) waits.push(name);
    }
  }
  return waits;
}
