"""Each table has the writers that ARCHITECTURE.md names, and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import accounts.models  # noqa: F401
import mailer.bounce_models
import mailer.draft_models
import mailer.intake_models
import mailer.models  # noqa: F401
import subscribers.models  # noqa: F401 (each fills the registry)
from pli.columns import Base

ROOT = Path(__file__).parents[1]
PROGRAM = ("accounts", "cli.py", "commands", "mailer", "pli", "subscribers", "web")
MODELS = {mapper.class_.__name__ for mapper in Base.registry.mappers}
VERBS = {"update", "insert", "delete", "insert_into", "ManyRows", "NewRows"}

# The fact and its writers, in the words of ARCHITECTURE.md; then the models that hold the fact.
WRITERS = (
    (
        "campaign.state, and the frozen letter",
        "`mailer/campaign/transition.py`, `freezing.py`, `lifecycle.py`, `scheduling.py`",
        {"Campaign", "CampaignList"},
    ),
    (
        "approval_event: who asked, approved, sent back, changed",
        "`mailer/campaign/approvals.py`",
        {"ApprovalEvent"},
    ),
    (
        "ticked_finding: which warnings somebody let pass",
        "`mailer/campaign/ticking.py`",
        {"TickedFinding"},
    ),
    (
        "delivery.status, a batch's counts and lease",
        "`mailer/ledger/`; rows are born in `mailer/campaign/candidates.py`, and `lifecycle.py` "
        "lets fruitless takings be forgotten",
        {"Delivery", "Batch"},
    ),
    (
        "attempt",
        "`mailer/ledger/settling.py`, `settle_and_claim.py`, in the transaction that settles its "
        "delivery",
        {"Attempt"},
    ),
    ("evidence", "`mailer/ledger/evidence.py`, `recovery.py`", {"Evidence"}),
    (
        "bounce: what the world answered, and what follows; bounce_mail",
        "`mailer/bounces/handling.py`, `rows.py`, `session_refusals.py`, `deciding.py`, "
        "`pausing.py`",
        {"Bounce", "BounceMail"},
    ),
    (
        "intake_mail, intake_door, intake_tally: what came in, and how far mailboxes are read",
        "`mailer/intake/taking.py`, `waiting.py`, `mailboxes.py`, `deciding.py`, `tallies.py`",
        {"IntakeMail", "IntakeDoor", "IntakeTally"},
    ),
    ("notice", "`mailer/notices/writing.py`, `queue.py`", {"Notice"}),
    (
        "relay_trouble: which relays cannot be used, and who was told",
        "`mailer/smtp/troubles.py`",
        {"RelayTrouble"},
    ),
    (
        "pacing: what is used of limits, how far a provider is slowed down, a relay's rest",
        "`mailer/pacing/usage.py`",
        {"Pacing"},
    ),
    ("share: a worker's part of what is shared", "`mailer/pacing/shares.py`", {"Share"}),
    ("worker: who is there", "`mailer/engine/workers.py`", {"Worker"}),
    (
        "draft, draft_version, draft_maker, draft_save: what is written, and by whom",
        "`mailer/letter/drafts/saving.py`, `making.py`, `states.py`",
        {"Draft", "DraftVersion", "DraftMaker", "DraftSave"},
    ),
    (
        "draft_presence: who has a manuscript open",
        "`mailer/letter/drafts/presence.py`, `states.py`",
        {"DraftPresence"},
    ),
    (
        "picture, draft_picture",
        "`mailer/letter/drafts/pictures.py`, `states.py`",
        {"PictureBytes", "DraftPicture"},
    ),
    (
        'subscription: "yes" and its pauses',
        "`subscribers/consent.py`; an import asks it, too",
        {"Subscription", "ConsentRecord"},
    ),
    (
        'subscription: "no"; suppression',
        "`subscribers/optout.py`",
        {"Subscription", "ConsentRecord", "Suppression"},
    ),
    ("subscriber", "`subscribers/people.py`, and `import_rows.py` with a file's", {"Subscriber"}),
    ("list", "`subscribers/lists.py`", {"List"}),
    ("segment", "`subscribers/segments.py`", {"Segment"}),
    ("attribute", "`subscribers/attributes.py`", {"Attribute"}),
    ("import", "`subscribers/importing.py`", {"Import"}),
    ("account", "`accounts/people.py`, `passwords.py`, `totp.py`", {"Account"}),
    ("account_right", "`accounts/rights.py`", {"AccountRight"}),
    ("session", "`accounts/sessions.py`, `session_ends.py`", {"OfficeSession"}),
    ("passkey", "`accounts/passkeys.py`", {"Passkey"}),
    ("passkey_challenge", "`accounts/challenges.py`", {"Challenge"}),
    ("recovery_code", "`accounts/recovery.py`", {"RecoveryCode"}),
    ("sign_in_link", "`accounts/links.py`", {"SignInLink"}),
    ("sign_in_failure", "`accounts/limits.py`", {"SignInFailure"}),
    ("audit", "`pli/audit.py`", {"Audit"}),
    ("chore: what is due besides batches", "`pli/chore_rows.py`", {"Chore"}),
    ("key_fingerprint", "`pli/database.py`", {"KeyFingerprint"}),
    ("home: where the database is at home", "`pli/home.py`", {"Home"}),
    ("program: which version and schema runs", "`pli/schema.py`", {"Program"}),
)
# These copy or invent whole installations.
EXCEPTED = ("pli/copying.py", "commands/demo/")


def written(source: str) -> Iterator[tuple[int, str]]:
    """Yield each line that writes a table: update(X), insert(X), delete(X), or a new row X(…)."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if called in MODELS:
            yield call.lineno, called
        elif called in VERBS:
            for name in (it for argument in call.args for it in ast.walk(argument)):
                if isinstance(name, ast.Name) and name.id in MODELS:
                    yield call.lineno, name.id


def writers() -> dict[str, set[str]]:
    """The writers of each model; a name without folder is in the folder of the name before it."""
    found: dict[str, set[str]] = {model: set() for model in MODELS}
    for _, words, models in WRITERS:
        folder = ""
        for name in words.split("`")[1::2]:
            folder = name.rpartition("/")[0] if "/" in name else folder
            for model in models:
                found[model].add(name if "/" in name else f"{folder}/{name}")
    return found


def test_every_table_has_its_writers_and_nobody_else_writes_it() -> None:
    allowed = writers()
    files = [it for name in PROGRAM for it in sorted({ROOT / name, *(ROOT / name).rglob("*.py")})]
    strangers = []
    for path in (it for it in files if it.suffix == ".py"):
        name = str(path.relative_to(ROOT))
        if not name.startswith(EXCEPTED):
            strangers += [
                f"{name}:{line} writes {model}"
                for line, model in written(path.read_text())
                if not name.startswith(tuple(allowed[model]))
            ]
    assert strangers == []
    assert [model for model, names in allowed.items() if not names] == []


def test_the_page_names_the_same_writers() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    assert [fact for fact, words, _ in WRITERS if f"| {fact} | {words} |" not in page] == []


def test_each_writer_that_is_named_writes() -> None:
    idle = {name for names in writers().values() for name in names}
    for path in (it for room in PROGRAM for it in (ROOT / room).rglob("*.py")):
        if any(True for _ in written(path.read_text())):
            name = str(path.relative_to(ROOT))
            idle = {it for it in idle if not name.startswith(it)}
    assert idle == set()
