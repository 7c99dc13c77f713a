"""The sentences that the script of the page for writing shows, by the names it has for them."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.letter import head
from pli.language import N_, translations

WORDS: Mapping[str, str] = {
    "toolbar": N_("Tools for the text"),
    "group_text": N_("Text"),
    "group_blocks": N_("Lists and quotations"),
    "group_insert": N_("To insert"),
    "group_more": N_("More tools"),
    "style": N_("Style"),
    "style_0": N_("Normal text"),
    "style_1": N_("Title of the letter"),
    "style_2": N_("Heading"),
    "style_3": N_("Smaller heading"),
    "style_4": N_("Heading of level 4"),
    "style_5": N_("Heading of level 5"),
    "style_6": N_("Heading of level 6"),
    "style_other": N_("Other"),
    "strong": N_("Bold"),
    "em": N_("Italics"),
    "sign_strong": N_("B"),
    "sign_em": N_("I"),
    "link": N_("Link"),
    "bullets": N_("List"),
    "numbers": N_("Numbered list"),
    "quotation": N_("Quotation"),
    "picture": N_("Picture"),
    "personal": N_("Personal word"),
    "insert": N_("Insert"),
    "undo": N_("Undo"),
    "redo": N_("Redo"),
    "typography": N_("French typography"),
    "source": N_("Source"),
    "page_view": N_("Back to the page"),
    "footnote": N_("Footnote"),
    "text_of_letter": N_("Text of the letter"),
    "block_box": N_("Box"),
    "block_lead": N_("Introduction"),
    "block_quote": N_("Quotation"),
    "block_button": N_("Button"),
    "block_columns": N_("Two columns"),
    "block_column": N_("Column"),
    "block_table": N_("Table"),
    "block_votes": N_("Votes"),
    "block_agenda": N_("Dates"),
    "block_signature": N_("Signature"),
    "block_contents": N_("Contents"),
    "block_rule": N_("Line across"),
    "block_image": N_("Picture"),
    "block_footnote": N_("Footnote {n}"),
    "block_raw": N_("Shown as it is written"),
    "contents_said": N_("The headings below are listed here in the letter."),
    "move_up": N_("Move up"),
    "move_down": N_("Move down"),
    "delete": N_("Delete"),
    "move_up_of": N_("Move up: {block}"),
    "move_down_of": N_("Move down: {block}"),
    "delete_of": N_("Delete: {block}"),
    "add_row": N_("Add a row"),
    "add_column": N_("Add a column"),
    "delete_row": N_("Delete the row"),
    "delete_column": N_("Delete the column"),
    "field_title": N_("Title"),
    "field_author": N_("Who said it"),
    "field_alt": N_("What the picture shows, for people who do not see it"),
    "field_caption": N_("Caption"),
    "field_credit": N_("Credit"),
    "field_width": N_("Width in pixels"),
    "hint_width": N_("Leave it empty for the whole column."),
    "field_words": N_("Words"),
    "field_address": N_("Address"),
    "field_for": N_("For"),
    "field_against": N_("Against"),
    "field_abstention": N_("Abstention"),
    "field_unit": N_("Unit"),
    "field_when": N_("When"),
    "field_place": N_("Place"),
    "field_what": N_("What"),
    "field_name": N_("Name"),
    "field_function": N_("Function"),
    "field_picture": N_("File of the picture"),
    "alt_asked": N_("What does this picture show? Write it below, or say that it only decorates."),
    "alt_missing": N_("Nobody has said yet what this picture shows."),
    "decorative": N_("It only decorates"),
    "date_of": N_("Date {n}"),
    "delete_date": N_("Delete date {n}"),
    "add_date": N_("Add a date"),
    "chip_bare": N_("{label}"),
    "chip_or": N_("{label}, else “{instead}”"),
    "as_button": N_("as a button"),
    "personal_title": N_("A word of each person"),
    "personal_name": N_("Which word"),
    "personal_instead": N_("Who has none reads instead"),
    "personal_hint": N_("Not everybody has told a first name, for instance."),
    "take_over": N_("Take over"),
    "remove": N_("Remove"),
    "remove_link": N_("Remove the link"),
    "cancel": N_("Cancel"),
    "subscriber_first_name": N_("first name"),
    "subscriber_last_name": N_("last name"),
    "subscriber_email": N_("address"),
    "list_title": N_("title of the list"),
    "campaign_number": N_("number of the letter"),
    "campaign_title": N_("title of the letter"),
    "campaign_date": N_("date of the letter"),
    "change": N_("Change"),
    "change_of": N_("Change: {block}"),
    "no_dates": N_("No dates yet"),
    "words_one": N_("{n} word"),
    "words_many": N_("{n} words"),
    "errors_one": N_("{n} error"),
    "errors_many": N_("{n} errors"),
    "warnings_one": N_("{n} thing to look at"),
    "warnings_many": N_("{n} things to look at"),
    "remarks_one": N_("{n} remark"),
    "remarks_many": N_("{n} remarks"),
    "nothing_found": N_("Nothing stands in the way."),
    "severity_remark": N_("Remark:"),
    "severity_error": N_("Error:"),
    "severity_warning": N_("To look at:"),
    "go_there": N_("Go there"),
    "gap_said": N_("“{label}” leaves a gap for people of whom it is not known."),
    "gap_fix": N_("Say what they read instead"),
    "signs_one": N_("{n} sign"),
    "signs_many": N_("{n} signs"),
    "cut_by": N_("{who}: {shown}"),
    "typography_set_one": N_("{n} sign was set in French typography."),
    "typography_set_many": N_("{n} signs were set in French typography."),
    "typography_nothing": N_("The typography is right already."),
    "undo_this": N_("Undo this"),
    "close": N_("Close"),
    "converting": N_("The text is being taken over …"),
    "uploading": N_("The picture is being uploaded …"),
    "no_pdf": N_(
        "A PDF cannot be taken over, since it holds lines, not paragraphs: drop the Word "
        "file from which it was made."
    ),
    "no_such_file": N_("{name} is neither a picture nor a document of Word."),
    "too_much": N_("This is too much to take over at once: paste it in parts."),
    "nothing_pasted": N_("There was no text to take over."),
    "pasted_as_text": N_(
        "Only the words were taken over, without their looks, because the server did not answer."
    ),
    "not_converted": N_("The text could not be taken over: try again in a minute."),
    "pasted_as_text_for": N_("Only the words were taken over, without their looks: {fault}"),
    "told_changed": N_("Changed: {what}."),
    "told_left_out": N_("Left out: {what}."),
    "files_left_one": N_("{n} file is still to come …"),
    "files_left_many": N_("{n} files are still to come …"),
    "more_said_one": N_("{n} more file could not be taken over."),
    "more_said_many": N_("{n} more files could not be taken over."),
    "pictures_unsaid_one": N_("{n} picture waits for you to say what it shows."),
    "pictures_unsaid_many": N_("{n} pictures wait for you to say what they show."),
    "picture_too_large": N_("{name} is larger than 30 MB: make the picture smaller first."),
    "not_uploaded": N_("{name} could not be uploaded: try again in a minute."),
    "saving": N_("Saving …"),
    "saved": N_("Saved at {hour}"),
    "not_saved_why": N_("Not saved: see why"),
    "failed_title": N_("Not saved yet."),
    "failed_offline": N_(
        "This device has no network. Go on writing, and leave this page open: your text is saved "
        "as soon as there is one."
    ),
    "failed_away": N_(
        "The server cannot be reached. Go on writing, and leave this page open: your text is saved "
        "as soon as the server answers."
    ),
    "failed_slow": N_(
        "The server did not answer within half a minute. Go on writing, and leave this page open: "
        "it is asked again and again."
    ),
    "failed_busy": N_(
        "The server cannot save just now ({status}). Go on writing, and leave this page open: it "
        "is asked again and again."
    ),
    "failed_broken": N_(
        "The server met a fault of its own ({status}). It is asked again and again; if it stays "
        "so, tell who runs Pli here."
    ),
    "failed_strange": N_(
        "Something else answered in place of the server, such as the page that opens a wireless "
        "network. Open the office in another tab, and see what it says."
    ),
    "forbidden_title": N_("The server does not take this save."),
    "forbidden_said": N_("Sign in again in another tab, then try again here."),
    "unseen_title": N_("This manuscript is not there for you any more."),
    "unseen_said": N_(
        "Your right to write it was taken from you, or it was never there. Ask who gives the "
        "rights, then try again."
    ),
    "gone_title": N_("This manuscript was deleted."),
    "gone_said": N_("Put your text into a new manuscript."),
    "too_large_title": N_("This text is too long to be saved."),
    "too_large_said": N_("Take some of it out: it is saved then by itself."),
    "refused_title": N_("This was not saved."),
    "refused_said": N_("Look at the fields above the text."),
    "locked_title": N_("This manuscript can no longer be changed."),
    "locked_said": N_("It is released, or put away."),
    "not_understood_title": N_("The server did not understand this page."),
    "not_understood_said": N_(
        "Pli was perhaps renewed while the page was open. Load it anew, and take your text up "
        "again there."
    ),
    "kept_here": N_("What you wrote stays in this browser."),
    "no_copy": N_(
        "This browser keeps no copy: what is not saved yet would be lost with this page. Do not "
        "close it."
    ),
    "try_again": N_("Try again now"),
    "load_anew": N_("Load the page anew"),
    "as_file": N_("Keep the text as a file"),
    "session_title": N_("You are signed out. Nothing is lost."),
    "session_said": N_("Sign in here as {name}: then your text is saved by itself."),
    "sign_in": N_("Sign in"),
    "sign_in_elsewhere": N_("Sign in in a new tab"),
    "another_title": N_("You are signed in as {name} now. Nothing is lost."),
    "another_said": N_(
        "{author} opened this page. What is not saved yet waits, and is saved under no other name "
        "unless you say so."
    ),
    "another_go_on": N_("Go on as {name}"),
    "another_may_not": N_("{name} may not write this manuscript."),
    "another_back": N_(
        "Or sign out in another tab and sign in as {author}: then it is saved by itself."
    ),
    "open_office": N_("Open the office"),
    "left_region": N_("Text that was not saved"),
    "left_title": N_("There is text that the server never received."),
    "left_said": N_("It stayed in this browser when the page was closed."),
    "left_look": N_("Look at it"),
    "left_take": N_("Take it up again"),
    "left_leave": N_("Delete this copy"),
    "here_now": N_("this page"),
    "somebody": N_("somebody"),
    "also_open": N_("{name} has this open, too, since {hour}."),
    "newer": N_("{name} has saved a newer version."),
    "newer_own": N_("You have saved a newer version in another window."),
    "show_newer": N_("Show it"),
    "open_twice": N_("You have this manuscript open in another window, too."),
    "fix_late": N_("The text was changed meanwhile: look at the place yourself."),
    "beside": N_("The mail"),
    "preview_frame": N_("The mail as it will be"),
    "preview_failed": N_(
        "The mail could not be pressed just now: what is shown here is older than your text."
    ),
    "preview_none": N_(
        "There is no mail of this text yet: what is shown here is older. What is listed below "
        "stands in its way."
    ),
    "copy_of": N_("{address}: {text}"),
    "test_nobody": N_("Choose who gets a copy."),
    "test_sending": N_("The copies are being sent …"),
    "test_not_saved": N_("No copy was sent, since the text is not saved yet."),
    "test_failed": N_("The copies could not be sent: try again in a minute."),
    "document": N_("Word document …"),
    "conflict_region": N_("Two texts"),
    "conflict_title": N_("{name} saved meanwhile: choose what stays"),
    "conflict_own": N_("You saved in another window meanwhile: choose what stays"),
    "conflict_said": N_(
        "Both texts are here, and nothing is lost. Where they differ, say which stays."
    ),
    "difference": N_("Difference {n} of {all}"),
    "yours": N_("Yours"),
    "theirs_of": N_("Of {name}"),
    "theirs_own": N_("Of the other window"),
    "keep_both": N_("Both, yours first"),
    "nothing_there": N_("(nothing)"),
    "keep_choice": N_("Keep this choice"),
    **{f"front_{key}": label for key, label in head.LABELS.items()},
}
"""`_one` and `_many` are forms of one sentence. Holes in braces are filled by the script."""


def editor_words(language: str) -> dict[str, str]:
    """All of them in a language."""
    catalogue = translations(language)
    return {name: catalogue.gettext(text) for name, text in WORDS.items()}
