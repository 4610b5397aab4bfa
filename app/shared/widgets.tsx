import type { ButtonHTMLAttributes, ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'class'> & {
  kind?: 'primary' | 'quiet';
};

export function Button({ kind, children, ...rest }: ButtonProps) {
  return (
    <button type="button" class={kind ? `button ${kind}` : 'button'} {...rest}>
      {children}
    </button>
  );
}

/** A box with a heading; `aside` stands at the right of it. */
export function Card(props: {
  title: string;
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ''}`} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside !== undefined && <span class="muted small">{props.aside}</span>}
      </div>
      {props.children}
    </section>
  );
}

/**
 * A label, a control and a sentence on what it does. The control is made by `children`, which is given
 * the id and the descriptions that tie the three together.
 */
export function Field(props: {
  label: string;
  help?: string;
  problem?: string;
  children: (tied: {
    id: string;
    'aria-describedby'?: string;
    'aria-invalid'?: boolean;
  }) => JSX.Element;
}) {
  const id = useId();
  const { label, help, problem, children } = props;
  const described = [help && `${id}-help`, problem && `${id}-problem`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': described || undefined,
        'aria-invalid': problem ? true : undefined,
      })}
      {problem && (
        <span class="problem" id={`${id}-problem`}>
          {problem}
        </span>
      )}
      {help && (
        <span class="help" id={`${id}-help`}>
          {help}
        </span>
      )}
    </div>
  );
}

/** Something to read; `bad` and `warn` are announced at once. `children` are ways on. */
export function Notice(props: {
  kind?: 'info' | 'warn' | 'bad';
  title: string;
  text?: ComponentChildren;
  children?: ComponentChildren;
}) {
  const { kind = 'info', title, text, children } = props;
  return (
    <div class={`notice ${kind}`} role={kind === 'info' ? 'status' : 'alert'}>
      <div>
        <strong>{title}</strong>
        {text}
      </div>
      {children}
    </div>
  );
}

/** Shares from 0 to 1 as bars, the largest stressed. */
export function Bars(props: {
  labels: readonly string[];
  values: ArrayLike<number>;
  label: string;
  /** Where each leads. */
  links?: readonly string[];
}) {
  const { labels, values, label, links } = props;
  const list = Array.from(values);
  const best = list.indexOf(Math.max(...list));
  return (
    <ul class="bars" aria-label={label}>
      {labels.map((name, i) => (
        <li key={name} class={i === best && list[i] > 0 ? 'best' : undefined}>
          {links ? <a href={links[i]}>{name}</a> : <span>{name}</span>}
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect width={100 * (list[i] || 0)} height="10" />
          </svg>
          <span>{((list[i] || 0) * 100).toFixed(0)} %</span>
        </li>
      ))}
    </ul>
  );
}
