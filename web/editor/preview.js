// Asks for the preview 400 ms after the last change; an answer that a newer question overtook is
// dropped.

const QUIET = 400;

export class Preview {
  constructor({ client, frame, take, shown, failed }) {
    Object.assign(this, { client, frame, take, shown, failed });
    this.asking = null;
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), QUIET);
  }

  async look() {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    let answer;
    try {
      answer = await this.client.json("POST", "/preview", this.take(), { signal: asking.signal });
    } catch {
      if (!asking.signal.aborted) this.failed();
      return;
    }
    // 202: a newer question of the same person, perhaps of another tab, was pressed instead.
    if (asking.signal.aborted || answer.status === 202) return;
    if (answer.status !== 200) {
      this.failed(answer.status, answer.said);
      return;
    }
    this.shown(answer.said);
    if (answer.said.address && this.frame) {
      // Not src: each change of it would be a step back for the browser's button.
      this.frame.contentWindow?.location.replace(`${answer.said.address}#ici`);
    }
  }
}
