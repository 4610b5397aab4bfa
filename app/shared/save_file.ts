/** Gives the person a file. */
export function saveFile(name: string, content: BlobPart, type = 'application/octet-stream'): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // A browser may ask where to before it reads.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
