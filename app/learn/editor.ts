import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { wgsl } from '@iizukak/codemirror-lang-wgsl';
import { tags } from '@lezer/highlight';

const toLine = StateEffect.define<number>();

/** The line that the chosen thread has come to. */
const current = StateField.define({
  create: () => Decoration.none,
  update(lines, { effects, state, changes }) {
    for (const effect of effects) {
      if (!effect.is(toLine)) continue;
      if (effect.value < 1 || effect.value > state.doc.lines) return Decoration.none;
      const { from } = state.doc.line(effect.value);
      return Decoration.set([Decoration.line({ class: 'cm-current' }).range(from)]);
    }
    return lines.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const theme = EditorView.theme({
  '&': { fontSize: '0.84rem', color: 'var(--text)', backgroundColor: 'var(--surface)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', maxHeight: '34rem', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'var(--raised)', color: 'var(--muted)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { cursor: 'pointer' },
  '.cm-current': { backgroundColor: 'var(--warn-soft)', boxShadow: 'inset 3px 0 var(--warn)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)' },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--muted)' },
  { tag: [tags.keyword, tags.controlKeyword], color: 'var(--accent)' },
  { tag: [tags.typeName, tags.attributeName], color: 'var(--good)' },
  { tag: tags.number, color: 'var(--second)' },
]);

/** An editor in a shadow root: there its style sheet is not bound by the page's policy. */
export function editor(
  host: HTMLElement,
  text: string,
  given: { label: string; onChange(text: string): void; onLine(line: number): void },
) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers({
          domEventHandlers: {
            click: (at, line) => {
              given.onLine(at.state.doc.lineAt(line.from).number);
              return true;
            },
          },
        }),
        lintGutter(),
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        wgsl(),
        syntaxHighlighting(colours),
        current,
        theme,
        EditorView.contentAttributes.of({ 'aria-label': given.label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) given.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    set(text: string) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    mark(problems: { line?: number; text: string }[]) {
      const { doc } = view.state;
      const diagnostics = problems.flatMap(({ line, text }) => {
        if (!line || line > doc.lines) return [];
        const { from, to } = doc.line(line);
        return [{ from, to, severity: 'error' as const, message: text }];
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    goTo(line: number) {
      view.dispatch({ effects: toLine.of(line) });
      if (line < 1 || line > view.state.doc.lines) return;
      const { top } = view.lineBlockAt(view.state.doc.line(line).from);
      const { scrollTop, clientHeight } = view.scrollDOM; // the page itself stays where it is
      if (top < scrollTop + 20 || top > scrollTop + clientHeight - 60) {
        view.scrollDOM.scrollTop = top - clientHeight / 3;
      }
    },
    destroy: () => view.destroy(),
  };
}

export type Editor = ReturnType<typeof editor>;
