// How long the subject is, and what of it each list of mails shows that cuts it off.

import { h } from "./dom.js";

export const showSubject = (words, subject, cuts = []) => {
  const { length } = [...subject];
  document.getElementById("subject-cuts")?.replaceChildren(h("p", {}, words.count("signs", length)),
    ...cuts.map((it) => h("p", {}, words.say("cut_by", it))));
};
