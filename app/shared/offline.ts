/** Has the site kept on this machine once the page is there and idle, so that it works without a network. */
export function keepOffline(): void {
  if (!('serviceWorker' in navigator)) return;
  const { connection } = navigator as { connection?: { saveData: boolean } };
  if (connection?.saveData) return; // the rest of the site is some 10 MB
  const register = () => {
    // Where it is refused (a private window, no https) the site works as before, with a network.
    void navigator.serviceWorker.register('./offline.js').catch(() => undefined);
  };
  const whenIdle = () =>
    'requestIdleCallback' in window ? requestIdleCallback(register) : register();
  if (document.readyState === 'complete') whenIdle();
  else addEventListener('load', whenIdle, { once: true });
}
