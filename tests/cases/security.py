"""Letters, settings, files and answers that an attacker would write."""

from __future__ import annotations

import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cases.trial import Case, Trial, Verdict
from tests.paths import ROOT
from tests.relay import Relay
from tests.servers import free_port
from tests.waiting import until

SOON_SECONDS = 10.0
"""What is refused by its size is refused within this, a start of the command line included."""
DEADLINE_SECONDS = 60
FILES = 1024
SECRETS = ("Mot/Passe#1", "Passe#1", "TresSecret", "Autre?Passe")


def _letter(trial: Trial, file: Path) -> tuple[bool, bool, str]:
    """Whether a letter is refused, whether that took less than SOON_SECONDS, and what was said."""
    begun = time.monotonic()
    said = trial.pli("letter", "check", str(file))
    words = " ".join((said.err or said.out).split())[:140]
    return said.code == 1, time.monotonic() - begun < SOON_SECONDS, words


def refused(name: str) -> Case:
    """A letter that `check` refuses with its file and line, soon."""

    def case(trial: Trial) -> Verdict:
        is_refused, soon, words = _letter(trial, trial.inputs / name)
        return Verdict(is_refused and soon and re.search(r"\.md:\d+", words) is not None, words)

    return case


def refused_or_whole(name: str, *ends: str) -> Case:
    """A letter that `check` refuses, or whose page has its last words and the way to leave."""

    def case(trial: Trial) -> Verdict:
        is_refused, soon, words = _letter(trial, trial.inputs / name)
        if is_refused:
            return Verdict(soon, words)
        page = trial.pli("letter", "export", str(trial.inputs / name)).out
        missing = [it for it in (*ends, "/u/") if it not in page]
        return Verdict(not missing, f"missing: {missing}")

    return case


def plain_text(trial: Trial) -> Verdict:
    """A letter that holds words like the press's own is read as plain text."""
    said = trial.pli("letter", "check", str(trial.inputs / "word-crash.md"))
    return Verdict(said.code in (0, 1) and bool(said.out + said.err), said.out.strip()[-120:])


def no_tracking_pixel(trial: Trial) -> Verdict:
    """No copy carries its reader's own address of leaving to somebody else's server."""
    file = trial.inputs / "word-tracking-pixel.md"
    if _letter(trial, file)[0]:
        return Verdict(True, "refused")
    people = trial.folder / "two.csv"
    people.write_text("Courriel\r\na@example.org\r\nb@example.org\r\n", "utf-8")
    trial.pli(
        "subscriber", "import", str(people), "--list", "comite", "--basis", "member",
        "--source", "essai", "--yes",
    )  # fmt: skip
    with Relay().running() as relay:
        trial.set_relay(relay.url)
        trial.pli("send", str(file), "--list", "comite", "--yes")
        pages = [
            part.get_content()
            for mail in relay.received
            for part in mail.message.walk()
            if part.get_content_type() == "text/html"
        ]
    targets = [set(re.findall(r"(?:src|href)=\"([^\"]*tiers[^\"]*)\"", it)) for it in pages]
    right = len(pages) == 2 and targets[0] == targets[1]
    return Verdict(right, f"{len(pages)} copies, targets {targets[:1]}")


def clean_terminal(trial: Trial) -> Verdict:
    said = trial.pli("letter", "show", str(trial.inputs / "yaml-c1-terminal.md"))
    held = [hex(ord(it)) for it in "\x9b\u202e" if it in said.out + said.err]
    return Verdict(not held, f"exit {said.code}; on the terminal: {held}")


def hidden_secrets(trial: Trial) -> Verdict:
    settings = trial.folder / "pli.toml"
    shutil.copy(trial.inputs / "settings-secrets.toml", settings)
    settings.chmod(0o600)
    text = "".join(
        said.out + said.err for said in (trial.pli("settings"), trial.pli("settings", "--json"))
    )
    shown = [it for it in SECRETS if it in text]
    return Verdict(not shown, f"in clear: {shown}")


def linear(trial: Trial) -> Verdict:
    """Each of the four expressions takes less than a quarter of a second at its longest."""
    done = subprocess.run(
        [sys.executable, str(trial.inputs / "regexes.py")],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = [float(it) for it in re.findall(r"(?m): ([\d.]+) s$", done.stdout)]
    right = done.returncode == 0 and len(seconds) >= 10 and max(seconds) < 0.25
    return Verdict(right, f"{len(seconds)} figures, the longest {max(seconds, default=-1)} s")


def long_421(trial: Trial) -> Verdict:
    """A reply of 98 long lines costs the engine milliseconds, not seconds."""
    port = free_port()
    people = trial.folder / "one.csv"
    people.write_text("Courriel\r\na@example.org\r\n", "utf-8")
    trial.pli(
        "subscriber", "import", str(people), "--list", "comite", "--basis", "member",
        "--source", "essai", "--yes",
    )  # fmt: skip
    trial.set_relay(f"smtp://127.0.0.1:{port}?tls=none")
    name = trial.installation.letter()
    relay = subprocess.Popen([sys.executable, str(trial.inputs / "relay_421.py"), str(port)])
    try:
        until(lambda: _listens(port))
        with trial.installation.running("send", name, "--list", "comite", "--yes") as sending:
            time.sleep(8)
            ticks = Path(f"/proc/{sending.pid}/stat").read_text().rpartition(")")[2].split()
            spent = (int(ticks[11]) + int(ticks[12])) / 100 if sending.poll() is None else 0.0
    finally:
        relay.kill()
        relay.wait()
    return Verdict(spent < 3, f"{spent:.1f} s of CPU in the first eight")


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _few_files() -> Iterator[None]:
    """Commands begun within this may open as many files as `ulimit -n 1024` allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def idle_requests(trial: Trial) -> Verdict:
    """1,100 half-open requests stop neither a member's page nor a letter, and are cut."""
    people = trial.folder / "ten.csv"
    people.write_text("Courriel\r\n" + "".join(f"p{n}@example.org\r\n" for n in range(10)), "utf-8")
    trial.pli(
        "subscriber", "import", str(people), "--list", "comite", "--basis", "member",
        "--source", "essai", "--yes",
    )  # fmt: skip
    name = trial.installation.letter()
    port = trial.installation.port
    with Relay().running() as relay:
        trial.set_relay(relay.url)
        program = str(ROOT / ".venv" / "bin" / "pli")
        serve = subprocess.Popen(
            ["sh", "-c", f"ulimit -n {FILES}; exec {program} serve"],
            cwd=trial.folder, env=trial.installation.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(lambda: trial.installation.get("/healthz")[0] == 200)
            holding = subprocess.Popen(
                [sys.executable, str(trial.inputs / "hold_connections.py"), str(port), "1100", "45",
                 "head", str(serve.pid)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            time.sleep(8)
            trial.pli("campaign", "create", name, "--list", "comite")
            trial.pli("campaign", "start", "1", "--yes")
            lines = holding.communicate(timeout=240)[0].splitlines()
            until(lambda: len(relay.received) == 10, 60)
        except AssertionError:
            return Verdict(False, f"{len(relay.received)} of 10 copies; {lines[-1:]}")
        finally:
            serve.terminate()
            serve.wait(30)
    answered = [it for it in lines if "HTTP/1.1 200" in it]
    cut = re.search(r"alive (\d+)", lines[-1])
    right = len(answered) >= len(lines) - 2 and cut is not None and int(cut[1]) < 50
    return Verdict(right, f"{len(answered)} of {len(lines) - 1} looks answered; {lines[-1]}")


def big(name: str) -> Case:
    """A letter of make_big.py that is refused by its size, soon."""

    def case(trial: Trial) -> Verdict:
        is_refused, soon, words = _letter(trial, _made_big(trial) / name)
        return Verdict(is_refused and soon, words if soon else f"late: {words}")

    return case


def big_told(name: str) -> Case:
    """A letter of make_big.py that is refused or warned of, soon."""

    def case(trial: Trial) -> Verdict:
        file = _made_big(trial) / name
        begun = time.monotonic()
        said = trial.pli("letter", "check", str(file))
        soon = time.monotonic() - begun < SOON_SECONDS
        warned = said.code == 1 or not said.out.startswith(str(file))
        return Verdict(warned and soon, " ".join((said.err + said.out).split())[:140])

    return case


def _made_big(trial: Trial) -> Path:
    made = trial.folder / "big"
    subprocess.run([sys.executable, str(trial.inputs / "make_big.py"), str(made)], check=True)
    return made


def commas(trial: Trial) -> Verdict:
    begun = time.monotonic()
    trial.pli(
        "subscriber", "import", str(_made_big(trial) / "commas.csv"), "--list", "comite",
        "--basis", "member", "--source", "essai", "--yes",
    )  # fmt: skip
    taken = time.monotonic() - begun
    return Verdict(taken < SOON_SECONDS / 2, f"{taken:.1f} s, the making of the files included")


def long_rule(trial: Trial) -> Verdict:
    rule = (_made_big(trial) / "guillemet.rule").read_text("utf-8")
    begun = time.monotonic()
    said = trial.pli("segment", "count", rule)
    taken = time.monotonic() - begun
    return Verdict(said.code != 0 and taken < SOON_SECONDS / 2, f"exit {said.code}, {taken:.1f} s")


def long_number(trial: Trial) -> Verdict:
    with trial.installation.serving():
        codes = [
            trial.installation.get(path)[0]
            for path in ("/l/x/" + "9" * 5000, "/l/%00/1", "/l/x/%00", "/u/%00", "/u/" + "9" * 5000)
        ]
    return Verdict(codes == [404] * len(codes), str(codes))


def slow_body(trial: Trial) -> Verdict:
    """A POST whose body never comes is answered 408, or cut, within a minute."""
    people = trial.folder / "one.csv"
    people.write_text("Courriel\r\na@example.org\r\n", "utf-8")
    trial.pli(
        "subscriber", "import", str(people), "--list", "comite", "--basis", "member",
        "--source", "essai", "--yes",
    )  # fmt: skip
    with Relay().running() as relay:
        trial.set_relay(relay.url)
        trial.pli("send", trial.installation.letter(), "--list", "comite", "--yes")
        header = str(relay.received[0].message["List-Unsubscribe"])
    path = re.search(r"/u/[^>]+", header)
    assert path is not None
    with (
        trial.installation.serving(),
        socket.create_connection(("127.0.0.1", trial.installation.port), DEADLINE_SECONDS) as held,
    ):
        held.sendall(
            f"POST {path[0]} HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nx".encode()
        )
        begun = time.monotonic()
        try:
            answer = held.recv(64).decode("latin-1")
        except TimeoutError:
            return Verdict(False, f"held for {DEADLINE_SECONDS} s")
    taken = time.monotonic() - begun
    return Verdict(" 408 " in answer, f"{answer.splitlines()[:1]} after {taken:.0f} s")


CASES: dict[str, Case] = {
    "word-tracking-pixel": no_tracking_pixel,
    "word-crash": plain_text,
    "deep-truncates": refused_or_whole("deep-truncates.md", "AU FOND", "APRÈS"),
    "deep-recursion": refused("deep-recursion.md"),
    "expression-parentheses": refused("expression-parentheses.md"),
    "expression-inf": refused("expression-inf.md"),
    "yaml-c1-terminal": clean_terminal,
    "settings-secrets": hidden_secrets,
    "regexes": linear,
    "relay_421": long_421,
    "hold_connections": idle_requests,
    "big: emphasis-recursion": big("emphasis-recursion.md"),
    "big: deep-quadratic": big("deep-quadratic.md"),
    "big: many-images": big("many-images.md"),
    "big: bomb": big_told("bomb.md"),
    "big: commas": commas,
    "big: guillemet": long_rule,
    "by hand: paths": long_number,
    "by hand: a body that never comes": slow_body,
}


def folder(inputs: Path) -> Path:
    """Where the inputs of this room lie."""
    return inputs / "security"
