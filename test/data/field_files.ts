export const FIELD_FOLDER = '../shared/field-files';

export interface FieldFile {
  file: string;
  /** Pictures to learn from and held out. */
  learn?: number;
  held?: number;
  /** Classes that have pictures. */
  classes?: number;
  /** What is said of it; nothing where it is missing. */
  note?: RegExp;
  refused?: RegExp;
}

/** What should become of each, in the terminal and on the page. */
export const FIELD_FILES: FieldFile[] = [
  { file: 'gbk-class-names.zip', learn: 24, held: 6, classes: 3, note: /code page 437/ },
  { file: 'cp866-class-names.zip', learn: 24, held: 6, classes: 3, note: /code page 437/ },
  { file: 'cp866-file-names.zip', learn: 16, held: 4, classes: 2, note: /code page 437/ },
  { file: 'kaggle-archive.zip', learn: 14, held: 4, classes: 7, note: /README/ },
  { file: 'folder-with-labels-csv', learn: 14, held: 7, classes: 7, note: /labels\.csv/ },
  { file: 'dot-slash.zip', learn: 16, held: 4, classes: 2 },
  { file: 'heic-beside-jpg.zip', learn: 4, held: 2, classes: 2, note: /14 \.HEIC/ },
  { file: 'collectors.zip', learn: 72, held: 18, classes: 3, note: /90 pictures.*as stills/ },
  { file: 'empty-class.zip', learn: 42, held: 12, classes: 7, note: /no pictures of disgust/ },
  { file: 'doubled-layout.zip', refused: /same splits twice.*open images\/images/ },
  { file: 'mixed-line-ends.csv', learn: 14, held: 4, classes: 7 },
  { file: 'train-without-usage.csv', learn: 16, held: 5, classes: 7, note: /no Usage column/ },
  { file: 'extra-class.zip', learn: 43, held: 15, classes: 8 },
  { file: 'numbered-classes.zip', learn: 42, held: 14, classes: 7 },
];
