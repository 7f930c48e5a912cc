"""History: another system's log, a case to reproduce, or our own journal read again.

Lines go through the same reading and projecting as a live station's messages. What was answered is
in the record, so transactions take their ids from there, and recorded commands become command rows.

* `lines`     what a line of a journal file says
* `teller`    one station's lines as entries for the writer
* `bring_in`  lines that are not known yet, written
* `take_out`  a journal in the same format
* `reread`    every projection computed anew from the journal
"""

from csms.importer.bring_in import import_lines as import_lines
from csms.importer.lines import Report as Report
from csms.importer.reread import rebuild as rebuild
from csms.importer.take_out import export_lines as export_lines
