/**
 * Gives the focus to `heir` when what had it goes from the page, so that the keys never lead nowhere. Until the returned
 * function is called.
 */
export function keepFocus(heir: () => HTMLElement | undefined): () => void {
  let last: EventTarget | null = null;
  const focused = (event: FocusEvent) => (last = event.target);
  const changed = new MutationObserver(() => {
    if (!(last instanceof Node) || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    heir()?.focus({ preventScroll: true });
  });
  addEventListener("focusin", focused);
  changed.observe(document.body, { childList: true, subtree: true });
  return () => {
    removeEventListener("focusin", focused);
    changed.disconnect();
  };
}
