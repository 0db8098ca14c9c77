// Asking before something is done that cannot be taken back, or that needs more to be said.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";

/**
 * A dialog that asks. `fields` are `{ name, label, kind, value, hint }`, kind `text`, `json`,
 * `number` or `secret`; `onDone(values)` may reject, and what it says is shown.
 */
export function Dialog({ title, text, fields = [], action, danger = false, onDone, onClose }) {
  const dialog = useRef(null);
  const [values, setValues] = useState(() => Object.fromEntries(fields.map((each) => [each.name, each.value ?? ""])));
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const [asked, shown] = [document.activeElement, dialog.current];
    shown.showModal();
    return () => {
      // While it is open, nothing beside it takes the focus.
      shown.close();
      if (asked && asked.isConnected) asked.focus();
    };
  }, []);

  const submit = async (event) => {
    event.preventDefault();
    const told = readAll(fields, values);
    if (told.error) return setError(told.error);
    setBusy(true);
    setError(null);
    try {
      await onDone(told.values);
      onClose();
    } catch (failed) {
      setError(failed.message);
      setBusy(false);
    }
  };
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose} onCancel=${onClose}
      onClick=${(event) => event.target === dialog.current && onClose()}>
    <form onSubmit=${submit} novalidate>
      <h2 id="dialog-title">${title}</h2>
      ${text && html`<p>${text}</p>`}
      ${fields.map((field) => html`<${Field} key=${field.name} field=${field} value=${values[field.name]}
        onInput=${(value) => setValues({ ...values, [field.name]: value })} />`)}
      ${error && html`<p class="form-error" role="alert">${error}</p>`}
      <div class="dialog-actions">
        <button type="button" onClick=${onClose}>Leave it</button>
        <button type="submit" class=${danger ? "danger" : "primary"} disabled=${busy}>${action}</button>
      </div>
    </form>
  </dialog>`;
}

export function Field({ field, value, onInput }) {
  const id = `field-${field.name}`;
  const common = { id, value, onInput: (event) => onInput(event.target.value), "aria-describedby": field.hint ? `${id}-hint` : undefined };
  return html`<div class="field">
    <label for=${id}>${field.label}</label>
    ${field.kind === "json"
      ? html`<textarea ...${common} rows="5" spellcheck=${false} class="mono"></textarea>`
      : html`<input ...${common} type=${{ secret: "password", number: "number" }[field.kind] || "text"} autocomplete="off" />`}
    ${field.hint && html`<p class="hint" id=${`${id}-hint`}>${field.hint}</p>`}
  </div>`;
}

/** Return what was typed, as it is sent: empty fields are left out. */
function readAll(fields, typed) {
  const values = {};
  for (const { name, label, kind } of fields) {
    const text = String(typed[name]).trim();
    if (text === "") continue;
    if (kind === "json") {
      try {
        values[name] = JSON.parse(text);
      } catch (error) {
        return { error: `${label} is no JSON: ${error.message}` };
      }
    } else if (kind === "number") {
      if (!/^\d+$/.test(text)) return { error: `${label} must be a whole number` };
      values[name] = Number(text);
    } else {
      values[name] = text;
    }
  }
  return { values };
}
