// What stands in the fields before the script comes, and is not of this page: somebody typed it, or a
// browser brought it back from the page before. It would be taken for the version that is here now.

import { Front } from "./front.js";
import { isSame } from "./left_behind.js";

/** Take it out of the form: {front, body, base, sent}, as of a copy; null if there is nothing. */
export const takenOut = (form) => {
  const text = () => ({ front: new Front(form).values(), body: form.elements.body.value });
  const found = text();
  form.setAttribute("autocomplete", "off");
  form.reset();
  return isSame(found, text()) ? null : { ...found, base: null, sent: null };
};
