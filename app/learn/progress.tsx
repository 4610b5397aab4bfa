import { useRef, useState } from 'preact/hooks';
import { keep, kept, readKept } from '../../learn/keep';
import { saveFile } from '../shared/save_file';
import { Button } from '../shared/widgets';

/** Takes what was solved and written here along to another browser, as a file. */
export function Progress({ onRead }: { onRead(): void }) {
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const onSave = () =>
    saveFile('facegrad-lessons.json', JSON.stringify(kept()), 'application/json');
  const onLoad = async (file: File | undefined) => {
    if (!file) return;
    const given = readKept(await file.text());
    if (!given) return setSaid(`${file.name} is not a progress file.`);
    keep((all) => {
      Object.assign(all.texts, given.texts);
      Object.assign(all.solved, given.solved);
    });
    setSaid(`${Object.keys(given.solved).length} solved exercises loaded.`);
    onRead();
  };
  return (
    <>
      <h2>Your progress</h2>
      <p>It stays in this browser. Save it to a file to continue in another.</p>
      <div class="row">
        <Button onClick={onSave}>Save to a file</Button>
        <Button onClick={() => input.current!.click()}>Load a file</Button>
        <span class="small" role="status">
          {said}
        </span>
      </div>
      <input
        ref={input}
        type="file"
        accept=".json"
        hidden
        aria-label="Progress"
        onChange={({ currentTarget }) => {
          void onLoad(currentTarget.files?.[0]);
          currentTarget.value = '';
        }}
      />
    </>
  );
}
