"""What the findings about a unit list say to the person who uploaded it: what it is, and how to mend it (spec 4).

A message names the value; the sheet and the cell stand beside it wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.unit_list import Finding, Severity


def N_(message: str) -> str:  # noqa: N802 - the name by which pybabel finds it
    """Mark a text for translation that is translated later."""
    return message


_FORMULA_MEND = N_(
    "Copy the cell, paste it as a value (“Paste special, Values”), and check that the text is what you want."
)
_SAVE_AGAIN = N_("Open the file in Excel or LibreOffice, save it again as an .xlsx workbook, and upload the new file.")
_NEW_WORKBOOK = N_("Copy only the unit list into a new, empty workbook, save it as .xlsx, and upload that file.")
_ONE_SPELLING = N_(
    "If they are meant to be the same, copy the one spelling over the other. If not, choose names that differ clearly."
)

TEXTS: Mapping[str, tuple[str, str]] = {
    "file.too_large": (
        N_("The file is larger than %(limit_mb)g MB."),
        N_("A unit list holds only text. Remove pictures and other sheets, and save the file again."),
    ),
    "file.empty": (
        N_("The file is empty: it holds no data at all."),
        N_("Check that you chose the right file, and that it has been saved."),
    ),
    "file.wrong_type": (
        N_("The file is not an .xlsx workbook, whatever its name says."),
        N_("Open it in Excel and choose “Save as”, “Excel Workbook (.xlsx)”. Changing the file's name is not enough."),
    ),
    "file.old_excel": (
        N_("The file is in Excel's old format (.xls)."),
        N_("Open it in Excel and choose “Save as”, “Excel Workbook (.xlsx)”."),
    ),
    "file.password": (
        N_("The file is protected by a password, so it cannot be read."),
        N_("Open it in Excel, remove the password under “File, Info, Protect Workbook”, and save it."),
    ),
    "file.macros": (
        N_("The workbook contains macros. Files with macros are not accepted."),
        N_("Choose “Save as”, “Excel Workbook (.xlsx)”, which leaves the macros out."),
    ),
    "file.damaged": (N_("The file is damaged or incomplete, and cannot be read safely."), _SAVE_AGAIN),
    "file.unpacks_too_large": (N_("The workbook holds far more than a unit list does."), _NEW_WORKBOOK),
    "file.doctype": (N_("The workbook contains definitions that may be used for attacks."), _SAVE_AGAIN),
    "file.cell_too_long": (N_("A cell holds more than %(limit)d characters."), _NEW_WORKBOOK),
    "file.too_wide": (
        N_("There is content far to the right of the list, in column %(column)s, row %(row)d."),
        N_("Delete everything outside the unit list, or copy the list into a new workbook."),
    ),
    "sheet.empty": (
        N_("The workbook has no visible sheet with any content."),
        N_("Write the unit list in the first sheet, with the headings Nivå1, Nivå2 and so on in the first row."),
    ),
    "sheet.ignored": (
        N_("The sheet “%(value)s” was not read. Only the first sheet with content is."),
        N_("If units are missing, move them to the first sheet. Otherwise you need not do anything."),
    ),
    "heading.forgotten": (
        N_("The first row has no heading with “Nivå”. Cell A1 holds “%(value)s”."),
        N_("Insert a row at the top with the headings Nivå1, Nivå2 and so on, one for each level."),
    ),
    "heading.not_first_row": (
        N_("The heading “%(value)s” is not in the first row."),
        N_("Delete the rows above the headings."),
    ),
    "heading.unknown": (
        N_("The heading “%(value)s” is neither a level nor “Antall”."),
        N_("Change it to Nivå1, Nivå2 and so on if the column holds units. Otherwise delete the column."),
    ),
    "heading.blank": (
        N_("The column has no heading, but it holds “%(value)s”."),
        N_("Write Nivå and the number of the level in the first row, or delete the column."),
    ),
    "heading.sequence": (
        N_("The heading is “%(value)s” where “%(expected)s” should be."),
        N_("Number the levels 1, 2, 3 and so on from left to right, with none left out and none used twice."),
    ),
    "heading.second_count": (
        N_("There is more than one column with the heading “%(value)s”."),
        N_("Keep one column with head counts and delete the other."),
    ),
    "heading.incomplete": (
        N_("The heading “%(value)s” was read as “%(read_as)s”."),
        N_("Write “%(read_as)s” in the cell, to be sure."),
    ),
    "levels.too_many": (
        N_("There are more than %(limit)d levels; the heading “%(value)s” is one too many."),
        N_("Leave out a level. A good rule is to stop at the lowest level that has a leader of its own."),
    ),
    "levels.phone": (
        N_("The list goes deeper than %(limit)d levels, which makes many choices on a phone."),
        N_("Consider whether the lowest level is needed: units with few answers do not get a report."),
    ),
    "rows.none": (
        N_("There are headings, but no units below them."),
        N_("Write at least one name under Nivå1. With one name only, there is one report for the whole organisation."),
    ),
    "rows.too_many": (
        N_("The list has more than %(limit)d rows."),
        N_("Delete what does not belong to the list below this row, or leave out the lowest level."),
    ),
    "row.blank": (
        N_("%(n)d blank row or rows between filled ones were skipped."),
        N_("You need not do anything. Check that no unit is missing here."),
    ),
    "row.duplicate": (
        N_("The row with “%(value)s” says the same as row %(other_row)d. It was counted once."),
        N_("Delete one of the two rows, or correct the name that was meant to differ."),
    ),
    "row.duplicate_count": (
        N_("The row with “%(value)s” says the same as row %(other_row)d, and both have a head count."),
        N_("Delete one of the rows. If the counts belong together, write their sum in the row you keep."),
    ),
    "cell.blank_first_level": (
        N_("The cell under Nivå1 is blank, but the same row holds “%(beside)s”."),
        N_("A blank cell does not mean “same as above”. Write the name of the unit on level 1 in every row."),
    ),
    "cell.blank_in_path": (
        N_("The cell is blank, but there is “%(beside)s” to the right of it."),
        N_("Write the name of the unit that “%(beside)s” belongs to, or move “%(beside)s” to the left."),
    ),
    "cell.formula": (N_("The cell holds the formula “%(value)s”. Formulas are not calculated."), _FORMULA_MEND),
    "cell.error": (
        N_("The cell shows the error “%(value)s”."),
        N_("Write what the cell should say."),
    ),
    "cell.date": (
        N_("The cell holds the date or time “%(value)s”. Excel turns text such as “3-4” into dates."),
        N_("Set the cell's format to “Text”, and write the content again."),
    ),
    "cell.boolean": (
        N_("The cell holds a true-or-false value (%(value)s)."),
        N_("Set the cell's format to “Text”, and write the content again."),
    ),
    "cell.unreadable": (
        N_("The cell holds “%(value)s”, which cannot be read as text."),
        N_("Set the cell's format to “Text”, and write the content again."),
    ),
    "cell.number": (
        N_("The cell holds a number. It was read as the name “%(read_as)s”."),
        N_("Check the name: zeros at the front are lost in numbers. Format the cell as “Text” to keep them."),
    ),
    "cell.blanks": (
        N_("Surplus blanks or line breaks in “%(value)s” were removed."),
        N_("You need not do anything. It is now “%(read_as)s”."),
    ),
    "cell.invisible": (
        N_("Invisible or unusual characters in “%(value)s” were removed or replaced."),
        N_("You need not do anything. It is now “%(read_as)s”."),
    ),
    "name.too_long": (
        N_("The name “%(value)s” has %(n)d characters. The limit is %(limit)d."),
        N_("Shorten the name."),
    ),
    "name.phone": (
        N_("The name “%(value)s” has %(n)d characters. More than %(limit)d are hard to read on a phone."),
        N_("Consider a shorter name, with what tells it from the others at the front."),
    ),
    "name.repeated": (
        N_("The name “%(value)s” is used in %(n)d places; the first is %(other)s. They are different units."),
        N_("Employees may mix them up. Consider adding something, such as “%(value)s, Bergen”."),
    ),
    "name.lookalike": (
        N_("The name “%(value)s” looks like “%(lookalike)s” in %(other)s, but it is written in another way."),
        _ONE_SPELLING,
    ),
    "count.invalid": (
        N_("“%(value)s” is not a head count. It must be a whole number, at most one million."),
        N_("Write the number of employees, in figures alone, or leave the cell blank."),
    ),
    "count.without_unit": (
        N_("There is a head count (%(value)s) in a row without a unit."),
        N_("Delete it if it is a sum. Otherwise write the path of the unit in the same row."),
    ),
    "count.text": (
        N_("“%(value)s” is a number written as text. It was read as %(read_as)s."),
        N_("You need not do anything."),
    ),
    "count.missing": (
        N_("The head count is missing in this row. In all, %(n)d row or rows lack one."),
        N_("Fill in the counts to get a complete forecast of reports. The list can be sent without them."),
    ),
    "top.repeats_organisation": (
        N_("The only unit on level 1, “%(value)s”, is the organisation itself."),
        N_("Delete the level: the report for the whole organisation is made anyway."),
    ),
    "unit.only_catch_all": (
        N_("“%(value)s” is the only choice below “%(parent)s”."),
        N_("Delete “%(value)s” if “%(parent)s” has no units below it, or add the units that are missing."),
    ),
    "unit.no_catch_all": (
        N_("“%(value)s” has units below it, but no choice for its leader and others who belong to none of them."),
        N_("If there are such employees, add a row such as “ingen” or “avdelingsledelse” below “%(value)s”."),
    ),
    "findings.more": (
        N_("There are %(n)d more findings, which are not shown. Errors are shown before everything else."),
        N_("Mend what is shown, and upload the list again."),
    ),
}
"""Per code the message and the way to mend it; placeholders are the values of the finding, and `value` itself."""

SEVERITY_NAMES: Mapping[Severity, str] = {
    Severity.ERROR: N_("Error"),
    Severity.WARNING: N_("Warning"),
    Severity.REPAIRED: N_("Repaired"),
}


def describe(finding: Finding, gettext: Callable[[str], str]) -> str:
    """What the finding says, in one or two sentences."""
    return _worded(TEXTS[finding.code][0], finding, gettext)


def how_to_mend(finding: Finding, gettext: Callable[[str], str]) -> str:
    """What to do about it."""
    return _worded(TEXTS[finding.code][1], finding, gettext)


def severity_name(severity: Severity, gettext: Callable[[str], str]) -> str:
    return gettext(SEVERITY_NAMES[severity])


def _worded(text: str, finding: Finding, gettext: Callable[[str], str]) -> str:
    return gettext(text) % {"value": finding.value, **finding.values}
